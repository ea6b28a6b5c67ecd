# Completion of coze-tui @VERSION@ for bash, printed by `coze-tui completion bash`.
# For the current shell and later ones, add to ~/.bashrc: eval "$(coze-tui completion bash)"

# Set what can follow the command $1: commands, options, and what completes its words.
__coze_tui_row() {
    commands='' options='' words='' one=''
    case $1 in
@ROWS@
    *) return 1 ;;
    esac
}

# Set what completes the value of the option $2 of the command $1.
__coze_tui_value() {
    values=''
    case $1$2 in
@VALUES@
    esac
}

__coze_tui_takes_value() {
    case $1 in
    @TAKES_VALUE@) return 0 ;;
    esac
    return 1
}

# Add those of the words that begin with $cur.
__coze_tui_add() {
    local each
    for each in "$@"; do
        [[ $each == "$cur"* ]] && COMPREPLY+=("$each")
    done
}

# Add the files, or with -d the folders, that begin with $cur. readline quotes them.
__coze_tui_files() {
    local line
    type compopt &>/dev/null && compopt -o filenames && has_files=1
    while IFS= read -r line; do
        COMPREPLY+=("$line")
    done < <(compgen "$1" -- "$cur")
}

# Add what the program lists: lines of a value, a tab and a description, which are data and never evaluated.
__coze_tui_list() {
    local line
    type -P -- "$program" &>/dev/null || return
    while IFS= read -r line; do
        COMPREPLY+=("${line%%$'\t'*}")
        descriptions[${#COMPREPLY[@]} - 1]=${line#*$'\t'}
    done < <("$program" completion list "$1" "$cur" 2>/dev/null </dev/null)
}

# Add what completes a value or a word.
__coze_tui_offer() {
    local each
    if [[ $1 == @files && -z $before ]] && type compopt &>/dev/null; then
        compopt -o default # readline's own completion of files knows every kind of quoting
        return
    fi
    for each in $1; do
        case $each in
        @files) __coze_tui_files -f ;;
        @folders) __coze_tui_files -d ;;
        @*) __coze_tui_list "${each#@}" ;;
        *) __coze_tui_add "$each" ;;
        esac
    done
}

# Show the descriptions beside the values where bash lists them; only the value is ever inserted.
__coze_tui_describe() {
    local i width=0 text
    ((${#COMPREPLY[@]} > 1 && ${#descriptions[@]})) || return
    [[ ${COMP_TYPE-} == 9 || ${COMP_TYPE-} == 33 || ${COMP_TYPE-} == 63 || ${COMP_TYPE-} == 64 ]] || return
    for i in "${!descriptions[@]}"; do
        ((${#COMPREPLY[i]} > width)) && width=${#COMPREPLY[i]}
    done
    for i in "${!descriptions[@]}"; do
        text=${descriptions[i]}
        [[ -n $has_files ]] && text=${text//\//∕} # else readline would show only what follows the last slash
        [[ -n $text ]] && printf -v "COMPREPLY[$i]" '%-*s  %s' "$width" "${COMPREPLY[i]}" "$text"
    done
}

_coze_tui() {
    local IFS=$' \t\n' cur=$2 program=${1/#\~\//"$HOME"/} command='' option='' only_words='' has_files='' before='' count=0
    local commands options words one values word i
    local -a descriptions=()
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ -n $option ]]; then
            [[ $word == '=' ]] || option=''
        elif [[ -n $only_words ]]; then
            ((count += 1))
        elif [[ $word == -- ]]; then
            only_words=1
        elif [[ $word == -* ]]; then
            if __coze_tui_takes_value "$word"; then
                option=$word
            elif __coze_tui_row "$command $word"; then # a switch that changes what the words mean
                command="$command $word"
            fi
        elif [[ -z $command ]]; then
            command=$word
        elif ((count == 0)) && __coze_tui_row "$command $word"; then
            command="$command $word"
        else
            ((count += 1))
        fi
    done
    if [[ -n $option && $cur == '=' ]]; then
        cur=''
    elif [[ -z $option && -z $only_words && $cur == --*=* ]]; then # COMP_WORDBREAKS has no =
        option=${cur%%=*} before=${cur%%=*}= cur=${cur#*=}
    fi
    __coze_tui_row "$command" || return
    if [[ -n $option ]]; then
        __coze_tui_value "$command" "$option"
        __coze_tui_offer "$values"
    elif [[ -z $only_words && $cur == -* ]]; then
        __coze_tui_add $options
    else
        [[ -z $only_words && $count == 0 ]] && __coze_tui_add $commands
        if [[ -n $words ]]; then
            [[ -n $one && $count != 0 ]] || __coze_tui_offer "$words"
        elif [[ -z $commands && -z $only_words && -z $cur ]]; then
            __coze_tui_add $options
        fi
    fi
    __coze_tui_describe
    if [[ -n $before ]]; then
        for i in "${!COMPREPLY[@]}"; do
            COMPREPLY[i]=$before${COMPREPLY[i]}
        done
    fi
}

complete -o nosort -F _coze_tui coze-tui 2>/dev/null || complete -F _coze_tui coze-tui
