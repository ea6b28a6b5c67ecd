# Completion of coze-tui @VERSION@ for PowerShell, printed by `coze-tui completion powershell`.
# For the current shell and later ones, add to $PROFILE:
#   coze-tui completion powershell | Out-String | Invoke-Expression

Register-ArgumentCompleter -Native -CommandName coze-tui -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    # By command: the commands and options that can follow it, what completes its words, and whether that is only
    # for one word.
    $rows = @{
@ROWS@
    }

    # By command and option: what completes the value of the option.
    $values = @{
@VALUES@
    }
    $takesValue = @(@TAKES_VALUE@)

    # Return a candidate; PowerShell inserts the text as it is, so a text with other characters than words have is
    # quoted. What the program lists is data.
    function New-Candidate([string] $text, [string] $description, [string] $prefix) {
        $inserted = $text
        if ($inserted -notmatch '^[\w./\\:~+=-]+$') {
            $inserted = "'" + $inserted.Replace("'", "''") + "'"
        }
        if (-not $description) { $description = $text }
        [System.Management.Automation.CompletionResult]::new($prefix + $inserted, $text, 'ParameterValue', $description)
    }

    # Return the candidates for a value or a word.
    function Get-Candidate([string] $spec, [string] $word, [string] $prefix) {
        foreach ($each in ($spec -split ' ')) {
            if ($each -eq '@files' -or $each -eq '@folders') {
                foreach ($file in [System.Management.Automation.CompletionCompleters]::CompleteFilename($word)) {
                    if ($each -eq '@files' -or $file.ResultType -eq 'ProviderContainer') {
                        [System.Management.Automation.CompletionResult]::new(
                            $prefix + $file.CompletionText, $file.ListItemText, $file.ResultType, $file.ToolTip)
                    }
                }
            } elseif ($each.StartsWith('@')) {
                foreach ($line in (& coze-tui completion list $each.Substring(1) $word 2>$null)) {
                    $text, $description = $line -split "`t", 2
                    New-Candidate $text $description $prefix
                }
            } elseif ($each -and $each.StartsWith($word)) {
                New-Candidate $each '' $prefix
            }
        }
    }

    function Get-Described($table, [string] $word) {
        foreach ($name in $table.Keys) {
            if ($name.StartsWith($word)) { New-Candidate $name $table[$name] '' }
        }
    }

    $command = ''
    $option = ''
    $onlyWords = $false
    $count = 0
    foreach ($element in ($commandAst.CommandElements | Select-Object -Skip 1)) {
        if ($element.Extent.EndOffset -ge $cursorPosition -and $wordToComplete) { break }
        $word = "$element"
        if ($option) {
            $option = ''
        } elseif ($onlyWords) {
            $count++
        } elseif ($word -eq '--') {
            $onlyWords = $true
        } elseif ($word.StartsWith('-')) {
            if ($takesValue -ccontains $word) {
                $option = $word
            } elseif ($rows.ContainsKey("$command $word")) { # a switch that changes what the words mean
                $command = "$command $word"
            }
        } elseif (-not $command) {
            $command = $word
        } elseif ($count -eq 0 -and $rows.ContainsKey("$command $word")) {
            $command = "$command $word"
        } else {
            $count++
        }
    }
    $row = $rows[$command]
    if (-not $row) { return }
    if ($option) {
        Get-Candidate $values[$command + $option] $wordToComplete ''
    } elseif (-not $onlyWords -and $wordToComplete -like '--*=*') {
        $name, $value = $wordToComplete -split '=', 2
        Get-Candidate $values[$command + $name] $value "$name="
    } elseif (-not $onlyWords -and $wordToComplete.StartsWith('-')) {
        Get-Described $row.Options $wordToComplete
    } else {
        if (-not $onlyWords -and $count -eq 0) { Get-Described $row.Commands $wordToComplete }
        if ($row.Words) {
            if ($count -eq 0 -or -not $row.One) { Get-Candidate $row.Words $wordToComplete '' }
        } elseif ($row.Commands.Count -eq 0 -and -not $onlyWords -and -not $wordToComplete) {
            Get-Described $row.Options ''
        }
    }
}
