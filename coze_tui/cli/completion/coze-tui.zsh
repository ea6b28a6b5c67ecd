#compdef coze-tui
# Completion of coze-tui @VERSION@ for zsh, printed by `coze-tui completion zsh`.
# For the current shell and later ones, add to ~/.zshrc after compinit: eval "$(coze-tui completion zsh)"

# Set what can follow the command $1: commands, options, and what completes its words.
__coze_tui_row() {
    subcommands=() flags=() wanted='' one=''
    case $1 in
@ROWS@
    (*) return 1 ;;
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
    (@TAKES_VALUE@) return 0 ;;
    esac
    return 1
}

# Offer what the program lists: lines of a value, a tab and a description, which are data and never evaluated.
__coze_tui_list() {
    local line text
    local -a found
    for line in "${(@f)$("$program" completion list $1 "$PREFIX" 2>/dev/null </dev/null)}"; do
        text=${line#*$'\t'}
        [[ -n $line ]] && found+=("${line%%$'\t'*}${text:+:}${text//\\/\\\\}")
    done
    (( $#found )) && _describe -V -t $1 $1 found
}

# Offer what completes a value or a word.
__coze_tui_offer() {
    local each
    local -a plain
    for each in ${(s: :)1}; do
        case $each in
        (@files) _files ;;
        (@folders) _files -/ ;;
        (@*) __coze_tui_list ${each#@} ;;
        (*) plain+=($each) ;;
        esac
    done
    (( $#plain )) && compadd -a plain
}

_coze_tui() {
    local program=${${(Q)words[1]}/#\~\//$HOME/} command='' option='' only_words='' word wanted one values
    local -i count=0 i
    local -a subcommands flags
    for ((i = 2; i < CURRENT; i++)); do
        word=$words[i]
        if [[ -n $option ]]; then
            option=''
        elif [[ -n $only_words ]]; then
            ((count += 1))
        elif [[ $word == -- ]]; then
            only_words=1
        elif [[ $word == -* ]]; then
            if __coze_tui_takes_value $word; then
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
    if [[ -z $option && -z $only_words && $PREFIX == --*=* ]]; then
        option=${PREFIX%%=*}
        compset -P '*='
    fi
    __coze_tui_row "$command" || return 1
    if [[ -n $option ]]; then
        __coze_tui_value "$command" $option
        __coze_tui_offer "$values"
    elif [[ -z $only_words && $PREFIX == -* ]]; then
        _describe -o -t options option flags
    else
        [[ -z $only_words && $count == 0 && $#subcommands != 0 ]] && _describe -t commands command subcommands
        if [[ -n $wanted ]]; then
            [[ -n $one && $count != 0 ]] || __coze_tui_offer "$wanted"
        elif [[ $#subcommands == 0 && -z $only_words && -z $PREFIX ]]; then
            _describe -o -t options option flags
        fi
    fi
}

if [[ $funcstack[1] == (_coze_tui|_coze-tui) ]]; then # as an autoloaded file of $fpath
    _coze_tui "$@"
elif (( $+functions[compdef] )); then
    compdef _coze_tui coze-tui
else
    print -u2 'coze-tui: completion needs this line before it: autoload -Uz compinit && compinit'
fi
