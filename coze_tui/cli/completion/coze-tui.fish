# Completion of coze-tui @VERSION@ for fish, printed by `coze-tui completion fish`.
# To install: coze-tui completion fish > ~/.config/fish/completions/coze-tui.fish

# Print what can follow the command $argv[2]: its `commands` or `options` with descriptions, what completes its
# `words`, or whether only `one` word is completed.
function __coze_tui_row
    switch $argv[2]
@ROWS@
        case '*'
            return 1
    end
end

# Print what completes the value of the option $argv[2] of the command $argv[1].
function __coze_tui_value
    switch "$argv[1]$argv[2]"
@VALUES@
    end
end

function __coze_tui_takes_value
    contains -- $argv[1] @TAKES_VALUE@
end

# Print what completes a value or a word that begins with $argv[3], or for `files` in $argv[1] only whether files
# do: fish completes these itself. What the program lists is data.
function __coze_tui_offer
    if test $argv[1] = files
        string match -e -- @files $argv[2]
        return
    end
    for each in (string split ' ' -- $argv[2])
        switch $each
            case @files
            case @folders
                __fish_complete_directories $argv[3] ''
            case '@*'
                set -l kind (string sub -s 2 -- $each)
                set -l words (commandline -opc)
                set -l program (string replace -r '^~/' "$HOME/" -- $words[1])
                command -q $program
                and command $program completion list $kind $argv[3] 2>/dev/null </dev/null
            case '*'
                echo $each
        end
    end
end

# Print the candidates with their descriptions, or for `files` a line with @files if files are among them.
function __coze_tui_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l command ''
    set -l option ''
    set -l only_words ''
    set -l count 0
    for word in $words[2..]
        if test -n "$option"
            set option ''
        else if test -n "$only_words"
            set count (math $count + 1)
        else if test "$word" = --
            set only_words 1
        else if string match -q -- '-*' $word
            if __coze_tui_takes_value $word
                set option $word
            else if __coze_tui_row words "$command $word" >/dev/null # a switch that changes what the words mean
                set command "$command $word"
            end
        else if test -z "$command"
            set command $word
        else if test $count = 0; and __coze_tui_row words "$command $word" >/dev/null
            set command "$command $word"
        else
            set count (math $count + 1)
        end
    end
    __coze_tui_row words "$command" >/dev/null
    or return
    set -l parts (string split -m 1 = -- $current)
    if test -n "$option"
        __coze_tui_offer $argv[1] "$(__coze_tui_value "$command" $option)" $current
    else if test -z "$only_words"; and string match -q -- '--*=*' $current
        for line in (__coze_tui_offer $argv[1] "$(__coze_tui_value "$command" $parts[1])" "$parts[2]")
            echo "$parts[1]=$line"
        end
    else if test -z "$only_words"; and string match -q -- '-*' $current
        __coze_tui_row options "$command"
    else
        set -l commands (__coze_tui_row commands "$command")
        set -l spec (__coze_tui_row words "$command")
        if test -z "$only_words"; and test $count = 0
            string join \n -- $commands
        end
        if test -n "$spec"
            if test $count = 0; or test -z (__coze_tui_row one "$command")
                __coze_tui_offer $argv[1] "$spec" $current
            end
        else if test -z "$commands$only_words$current"
            __coze_tui_row options "$command"
        end
    end
end

complete -c coze-tui -e
complete -c coze-tui -k -f -a '(__coze_tui_complete candidates)'
complete -c coze-tui -n '__coze_tui_complete files | string match -q -- "*@files*"' -F
