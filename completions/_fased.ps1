# Completion of fased for PowerShell, by asking the program what fits.

Register-ArgumentCompleter -Native -CommandName fased -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    # Words are taken as they stand; nothing of the line is run.
    $words = @($commandAst.CommandElements |
        Where-Object { $_.Extent.StartOffset -lt $cursorPosition } |
        ForEach-Object {
            if ($_ -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $_.Value }
            else { $_.Extent.Text }
        })
    # An empty word at the end would be lost on its way to the program; the number of words before it is not.
    $index = $words.Count
    if ($wordToComplete -ne '') { $index = $words.Count - 1 }

    fased __complete $index @words 2>$null | ForEach-Object {
        $value, $about = $_ -split "`t", 2
        $text = $value
        if ($value -match '[^\w:/@.,=+-]') { $text = "'" + $value.Replace("'", "''") + "'" }
        if (-not $about) { $about = $value }
        [System.Management.Automation.CompletionResult]::new($text, $value, 'ParameterValue', $about)
    }
}
