# Completion of fased for fish, by asking the program what fits.

function __fased_complete
    set -l before (commandline --current-process --tokenize --cut-at-cursor)
    fased __complete (count $before) $before (commandline --current-token --cut-at-cursor) 2>/dev/null
end

complete --command fased --no-files --keep-order --arguments '(__fased_complete)'
