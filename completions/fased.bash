# Completion of fased for bash, by asking the program what fits.

_fased() {
    # Bash takes `anthropic:work` and `--agent=work` for several words each; the program wants them as they were typed.
    local words line=${COMP_LINE:0:COMP_POINT}
    read -ra words <<<"$line"
    while [[ ${#words[@]} -gt 1 && ${words[0]} != "${COMP_WORDS[0]}" ]]; do
        words=("${words[@]:1}")
    done
    [[ $line == *[[:blank:]] ]] && words+=('')
    local current=${words[${#words[@]} - 1]} quoted=
    [[ $current == [\"\']* ]] && quoted=yes
    words=("${words[@]//[\"\'\\]/}")
    current=${words[${#words[@]} - 1]}

    # What stands before the last of these signs is kept by bash, and must not come again; only `@` itself must.
    local before= sign kept
    if [[ -z $quoted ]]; then
        for sign in : = @; do
            if [[ $COMP_WORDBREAKS == *"$sign"* && $current == *"$sign"* ]]; then
                kept=${current%"$sign"*}
                [[ $sign == @ ]] || kept+=$sign
                ((${#kept} > ${#before})) && before=$kept
            fi
        done
    fi

    local value
    COMPREPLY=()
    while IFS=$'\t' read -r value _; do
        value=${value#"$before"}
        [[ -z $quoted && $value == *[\"\'\[\]\ \(\)\$]* ]] && printf -v value %q "$value"
        COMPREPLY+=("$value")
    done < <(fased __complete $((${#words[@]} - 1)) "${words[@]}" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == */ ]]; then
        compopt -o nospace 2>/dev/null
    fi
}

complete -o nosort -F _fased fased 2>/dev/null || complete -F _fased fased
