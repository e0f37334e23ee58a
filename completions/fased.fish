# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_fased_global_optspecs
    string join \n h/help V/version
end

function __fish_fased_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_fased_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_fased_using_subcommand
    set -l cmd (__fish_fased_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c fased -n "__fish_fased_needs_command" -s h -l help -d 'Print help'
complete -c fased -n "__fish_fased_needs_command" -s V -l version -d 'Print version'
complete -c fased -n "__fish_fased_needs_command" -f -a "onboard" -d 'Store a credential for Claude, asking what is needed or taking it from flags and pipes'
complete -c fased -n "__fish_fased_needs_command" -f -a "models" -d 'Show models and the health of credentials (the same as `fased models status`)'
complete -c fased -n "__fish_fased_needs_command" -f -a "agents" -d 'Show, add and remove agents, each with credentials of its own'
complete -c fased -n "__fish_fased_needs_command" -f -a "chat" -d 'Ask Claude a question; the answer streams to standard output'
complete -c fased -n "__fish_fased_needs_command" -f -a "cache" -d 'Explain what the prompt cache does for a session'
complete -c fased -n "__fish_fased_needs_command" -f -a "usage" -d 'Show what requests took and cost, by day, model, agent, profile or session'
complete -c fased -n "__fish_fased_needs_command" -f -a "config" -d 'Show and change the config; comments and everything else in it stay'
complete -c fased -n "__fish_fased_needs_command" -f -a "gateway" -d 'Serve the Control UI, and the Messages API with managed credentials for any Anthropic client'
complete -c fased -n "__fish_fased_needs_command" -f -a "dashboard" -d 'Open the Control UI in the browser'
complete -c fased -n "__fish_fased_needs_command" -f -a "doctor" -d 'Look for what is wrong with files, config and credentials of all agents'
complete -c fased -n "__fish_fased_needs_command" -f -a "sandbox" -d 'Serve a stand-in of the Anthropic API on this machine, for trying things out and for tests'
complete -c fased -n "__fish_fased_needs_command" -f -a "demo" -d 'Show it all on a sandbox in a throw-away directory; needs no key and no network'
complete -c fased -n "__fish_fased_needs_command" -f -a "completion" -d 'Print a completion script for a shell'
complete -c fased -n "__fish_fased_using_subcommand onboard" -l auth-choice -d 'How to sign in' -r -f -a "apiKey\t'An API key of the Anthropic Console'
anthropic-oauth\t'Sign in with a browser, with the account of a Claude plan'
token\t'A setup-token of `claude setup-token`'
custom-api-key\t'An API key of another Anthropic-compatible endpoint'
skip\t'Nothing for now'"
complete -c fased -n "__fish_fased_using_subcommand onboard" -l anthropic-api-key -d 'An API key of the Anthropic Console' -r
complete -c fased -n "__fish_fased_using_subcommand onboard" -l token-provider -d 'Whose token it is; only `anthropic` is known' -r
complete -c fased -n "__fish_fased_using_subcommand onboard" -l token -d 'A setup-token, as printed by `claude setup-token`' -r
complete -c fased -n "__fish_fased_using_subcommand onboard" -l custom-base-url -d 'Address of an Anthropic-compatible endpoint, without `/v1`' -r
complete -c fased -n "__fish_fased_using_subcommand onboard" -l custom-model-id -d 'A model as that endpoint knows it' -r
complete -c fased -n "__fish_fased_using_subcommand onboard" -l custom-api-key -d 'Its API key [default: CUSTOM_API_KEY of the environment, where nobody can be asked]' -r
complete -c fased -n "__fish_fased_using_subcommand onboard" -l custom-provider-id -d 'What the provider is called in models like `ID/claude-sonnet-5` [default: named after its host]' -r
complete -c fased -n "__fish_fased_using_subcommand onboard" -l custom-compatibility -d 'What it speaks; only `anthropic`, the Messages API, can be asked' -r -f -a "anthropic\t'Anthropic\'s Messages API'
openai\t'OpenAI\'s Chat Completions; not spoken here'
openai-responses\t'OpenAI\'s Responses; not spoken here'"
complete -c fased -n "__fish_fased_using_subcommand onboard" -l secret-input-mode -d 'Store the credential itself, or a reference to where it is kept' -r -f -a "plaintext\t'The credential itself'
ref\t'Where it is kept; it is looked up at every use'"
complete -c fased -n "__fish_fased_using_subcommand onboard" -l secret-ref -d 'Where the credential is kept: `env:NAME`, `file:PROVIDER:/pointer` or `exec:PROVIDER:id`' -r
complete -c fased -n "__fish_fased_using_subcommand onboard" -l profile-id -l token-profile-id -d 'Profile to store the credential under, like `anthropic:work` [default: anthropic:default or one beside it]' -r
complete -c fased -n "__fish_fased_using_subcommand onboard" -l token-expires-in -d 'How long the token lives, like `365d` or `12h`' -r
complete -c fased -n "__fish_fased_using_subcommand onboard" -l agent -d 'Agent to store it for [default: the configured default agent, else main]' -r
complete -c fased -n "__fish_fased_using_subcommand onboard" -l api-key-stdin -d 'Read the API key from standard input'
complete -c fased -n "__fish_fased_using_subcommand onboard" -l token-stdin -d 'Read the setup-token from standard input'
complete -c fased -n "__fish_fased_using_subcommand onboard" -l custom-api-key-stdin -d 'Read its API key from standard input'
complete -c fased -n "__fish_fased_using_subcommand onboard" -l replace -d 'Let --profile-id replace a credential of another kind'
complete -c fased -n "__fish_fased_using_subcommand onboard" -l set-default -d 'Let the agent ask a model of this provider first: the one that is named, or the data file\'s default'
complete -c fased -n "__fish_fased_using_subcommand onboard" -l verify -d 'Ask the API whether it accepts the credential, and store it only then'
complete -c fased -n "__fish_fased_using_subcommand onboard" -l skip-health -d 'Store without asking the API, which scripts get anyway, and without following a reference'
complete -c fased -n "__fish_fased_using_subcommand onboard" -l non-interactive -d 'Never ask anything, also on a terminal'
complete -c fased -n "__fish_fased_using_subcommand onboard" -l accept-risk -d 'Accepted for scripts written for the TypeScript program; not required'
complete -c fased -n "__fish_fased_using_subcommand onboard" -l json -d 'Answer with one JSON document'
complete -c fased -n "__fish_fased_using_subcommand onboard" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fased -n "__fish_fased_using_subcommand models; and not __fish_seen_subcommand_from status explain list set set-image aliases fallbacks image-fallbacks roles auth" -l probe-provider -d 'With --probe: only this provider' -r
complete -c fased -n "__fish_fased_using_subcommand models; and not __fish_seen_subcommand_from status explain list set set-image aliases fallbacks image-fallbacks roles auth" -l probe-profile -d 'With --probe: only this profile; may be given several times' -r
complete -c fased -n "__fish_fased_using_subcommand models; and not __fish_seen_subcommand_from status explain list set set-image aliases fallbacks image-fallbacks roles auth" -l probe-timeout -d 'With --probe: limit for each credential, in milliseconds' -r
complete -c fased -n "__fish_fased_using_subcommand models; and not __fish_seen_subcommand_from status explain list set set-image aliases fallbacks image-fallbacks roles auth" -l probe-concurrency -d 'With --probe: how many are asked at a time' -r
complete -c fased -n "__fish_fased_using_subcommand models; and not __fish_seen_subcommand_from status explain list set set-image aliases fallbacks image-fallbacks roles auth" -l probe-max-tokens -d 'Accepted for scripts written for the TypeScript program; a probe here uses no tokens' -r
complete -c fased -n "__fish_fased_using_subcommand models; and not __fish_seen_subcommand_from status explain list set set-image aliases fallbacks image-fallbacks roles auth" -l agent -d 'Agent to look at [default: the configured default agent, else main]' -r
complete -c fased -n "__fish_fased_using_subcommand models; and not __fish_seen_subcommand_from status explain list set set-image aliases fallbacks image-fallbacks roles auth" -l model -d 'Model to judge credentials for [default: the agent\'s primary model]' -r
complete -c fased -n "__fish_fased_using_subcommand models; and not __fish_seen_subcommand_from status explain list set set-image aliases fallbacks image-fallbacks roles auth" -l json -d 'Answer with one JSON document'
complete -c fased -n "__fish_fased_using_subcommand models; and not __fish_seen_subcommand_from status explain list set set-image aliases fallbacks image-fallbacks roles auth" -l plain -d 'Print the primary model and nothing else'
complete -c fased -n "__fish_fased_using_subcommand models; and not __fish_seen_subcommand_from status explain list set set-image aliases fallbacks image-fallbacks roles auth" -l check -d 'Exit with 1 when the credential in use is missing or expired, with 2 when it ends within a day'
complete -c fased -n "__fish_fased_using_subcommand models; and not __fish_seen_subcommand_from status explain list set set-image aliases fallbacks image-fallbacks roles auth" -l probe -d 'Ask the providers about the credentials, by a request that is free'
complete -c fased -n "__fish_fased_using_subcommand models; and not __fish_seen_subcommand_from status explain list set set-image aliases fallbacks image-fallbacks roles auth" -s h -l help -d 'Print help'
complete -c fased -n "__fish_fased_using_subcommand models; and not __fish_seen_subcommand_from status explain list set set-image aliases fallbacks image-fallbacks roles auth" -f -a "status" -d 'Show an agent\'s models and the health of its credentials; opens no connection'
complete -c fased -n "__fish_fased_using_subcommand models; and not __fish_seen_subcommand_from status explain list set set-image aliases fallbacks image-fallbacks roles auth" -f -a "explain" -d 'Show what a request would carry: each parameter and where it is set, headers, cache markers; opens no connection'
complete -c fased -n "__fish_fased_using_subcommand models; and not __fish_seen_subcommand_from status explain list set set-image aliases fallbacks image-fallbacks roles auth" -f -a "list" -d 'List models with their figures and prices; opens no connection without --refresh'
complete -c fased -n "__fish_fased_using_subcommand models; and not __fish_seen_subcommand_from status explain list set set-image aliases fallbacks image-fallbacks roles auth" -f -a "set" -d 'Choose the model that is asked first'
complete -c fased -n "__fish_fased_using_subcommand models; and not __fish_seen_subcommand_from status explain list set set-image aliases fallbacks image-fallbacks roles auth" -f -a "set-image" -d 'Choose the model for requests with images'
complete -c fased -n "__fish_fased_using_subcommand models; and not __fish_seen_subcommand_from status explain list set set-image aliases fallbacks image-fallbacks roles auth" -f -a "aliases" -d 'Show or change the short names of models'
complete -c fased -n "__fish_fased_using_subcommand models; and not __fish_seen_subcommand_from status explain list set set-image aliases fallbacks image-fallbacks roles auth" -f -a "fallbacks" -d 'Show or change the models that are asked when the first one cannot answer'
complete -c fased -n "__fish_fased_using_subcommand models; and not __fish_seen_subcommand_from status explain list set set-image aliases fallbacks image-fallbacks roles auth" -f -a "image-fallbacks" -d 'The same for requests with images'
complete -c fased -n "__fish_fased_using_subcommand models; and not __fish_seen_subcommand_from status explain list set set-image aliases fallbacks image-fallbacks roles auth" -f -a "roles" -d 'Show or choose models by the work they are for'
complete -c fased -n "__fish_fased_using_subcommand models; and not __fish_seen_subcommand_from status explain list set set-image aliases fallbacks image-fallbacks roles auth" -f -a "auth" -d 'Look after the stored credentials of an agent'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from status" -l probe-provider -d 'With --probe: only this provider' -r
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from status" -l probe-profile -d 'With --probe: only this profile; may be given several times' -r
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from status" -l probe-timeout -d 'With --probe: limit for each credential, in milliseconds' -r
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from status" -l probe-concurrency -d 'With --probe: how many are asked at a time' -r
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from status" -l probe-max-tokens -d 'Accepted for scripts written for the TypeScript program; a probe here uses no tokens' -r
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from status" -l agent -d 'Agent to look at [default: the configured default agent, else main]' -r
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from status" -l model -d 'Model to judge credentials for [default: the agent\'s primary model]' -r
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from status" -l json -d 'Answer with one JSON document'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from status" -l plain -d 'Print the primary model and nothing else'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from status" -l check -d 'Exit with 1 when the credential in use is missing or expired, with 2 when it ends within a day'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from status" -l probe -d 'Ask the providers about the credentials, by a request that is free'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from explain" -l agent -d 'Agent whose requests are explained [default: the configured default agent, else main]' -r
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from explain" -l json -d 'Answer with one JSON document'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from explain" -s h -l help -d 'Print help'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from list" -l provider -d 'Only models of this provider' -r
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from list" -l agent -d 'Agent to look at [default: the configured default agent, else main]' -r
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from list" -l all -d 'Every model the data file and the config know, not only those the agent is configured with'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from list" -l local -d 'Only models served on this machine'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from list" -l refresh -d 'Ask the provider which models the agent\'s next credential really has'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from list" -l json -d 'Answer with one JSON document'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from list" -l plain -d 'Print the models\' names alone, one a line'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from set" -l agent -d 'Agent whose own choice is meant [default: that of all agents without one]' -r
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from set" -l json -d 'Answer with one JSON document'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from set-image" -l agent -d 'Agent whose own choice is meant [default: that of all agents without one]' -r
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from set-image" -l json -d 'Answer with one JSON document'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from set-image" -s h -l help -d 'Print help'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from aliases" -l json -d 'Answer with one JSON document'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from aliases" -l plain -d 'Print an alias and its model a line'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from aliases" -s h -l help -d 'Print help'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from aliases" -f -a "list" -d 'Show the short names of models'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from aliases" -f -a "add" -d 'Give a model a short name'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from aliases" -f -a "remove" -d 'Remove a short name; the model stays as it is'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from fallbacks" -l agent -d 'Agent whose own choice is meant [default: that of all agents without one]' -r
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from fallbacks" -l json -d 'Answer with one JSON document'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from fallbacks" -l plain -d 'Print the names alone, one a line'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from fallbacks" -s h -l help -d 'Print help'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from fallbacks" -f -a "list" -d 'Show the models that are asked in turn'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from fallbacks" -f -a "add" -d 'Add a model behind the others'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from fallbacks" -f -a "remove" -d 'Remove a model from the list'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from fallbacks" -f -a "clear" -d 'Remove all of them'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from image-fallbacks" -l agent -d 'Agent whose own choice is meant [default: that of all agents without one]' -r
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from image-fallbacks" -l json -d 'Answer with one JSON document'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from image-fallbacks" -l plain -d 'Print the names alone, one a line'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from image-fallbacks" -s h -l help -d 'Print help'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from image-fallbacks" -f -a "list" -d 'Show the models that are asked in turn'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from image-fallbacks" -f -a "add" -d 'Add a model behind the others'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from image-fallbacks" -f -a "remove" -d 'Remove a model from the list'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from image-fallbacks" -f -a "clear" -d 'Remove all of them'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from roles" -l agent -d 'Agent whose own choice is meant [default: that of all agents without one]' -r
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from roles" -l json -d 'Answer with one JSON document'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from roles" -s h -l help -d 'Print help'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from roles" -f -a "list" -d 'Show which model does which work'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from roles" -f -a "set" -d 'Choose the model for a kind of work'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from roles" -f -a "clear" -d 'Leave a kind of work to the primary model again'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from auth" -l agent -d 'Agent whose credentials are meant [default: the configured default agent, else main]' -r
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from auth" -s h -l help -d 'Print help'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from auth" -f -a "login" -d 'Sign in with a browser, or store a token or API key'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from auth" -f -a "setup-token" -d 'Store a setup-token, running `claude setup-token` for it where that is there'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from auth" -f -a "paste-token" -d 'Store a setup-token that is pasted or piped'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from auth" -f -a "list" -d 'List stored credentials in order of use, those that cannot be read included'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from auth" -f -a "order" -d 'Show or change the order in which an agent uses a provider\'s credentials'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from auth" -f -a "cooldown" -d 'Show or clear the windows in which credentials are left alone'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from auth" -f -a "remove" -d 'Remove a stored credential'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from auth" -f -a "rename" -d 'Give a stored credential another name'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from auth" -f -a "import" -d 'Take credentials over from another program, or refer to those it keeps'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from auth" -f -a "export" -d 'Hand a credential on to another program, and keep it fresh there'
complete -c fased -n "__fish_fased_using_subcommand models; and __fish_seen_subcommand_from auth" -f -a "token" -d 'Print a secret that is ready to be sent'
complete -c fased -n "__fish_fased_using_subcommand agents; and not __fish_seen_subcommand_from list add remove default models" -l json -d 'Answer with one JSON document'
complete -c fased -n "__fish_fased_using_subcommand agents; and not __fish_seen_subcommand_from list add remove default models" -s h -l help -d 'Print help'
complete -c fased -n "__fish_fased_using_subcommand agents; and not __fish_seen_subcommand_from list add remove default models" -f -a "list" -d 'Show the agents: their models, directories, and the credential each would use now'
complete -c fased -n "__fish_fased_using_subcommand agents; and not __fish_seen_subcommand_from list add remove default models" -f -a "add" -d 'Add an agent; it inherits no credentials'
complete -c fased -n "__fish_fased_using_subcommand agents; and not __fish_seen_subcommand_from list add remove default models" -f -a "remove" -d 'Remove an agent from the config; its files stay unless --purge is given'
complete -c fased -n "__fish_fased_using_subcommand agents; and not __fish_seen_subcommand_from list add remove default models" -f -a "default" -d 'Show which agent commands mean without --agent, or choose it'
complete -c fased -n "__fish_fased_using_subcommand agents; and not __fish_seen_subcommand_from list add remove default models" -f -a "models" -d 'The same as `fased models ... --agent`, for scripts written for the TypeScript program'
complete -c fased -n "__fish_fased_using_subcommand agents; and __fish_seen_subcommand_from list" -l json -d 'Answer with one JSON document'
complete -c fased -n "__fish_fased_using_subcommand agents; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c fased -n "__fish_fased_using_subcommand agents; and __fish_seen_subcommand_from add" -l model -d 'Model it asks first [default: that of all agents]' -r
complete -c fased -n "__fish_fased_using_subcommand agents; and __fish_seen_subcommand_from add" -l agent-dir -d 'Directory of its credentials: absolute, or beginning with ~/ [default: below the state directory]' -r
complete -c fased -n "__fish_fased_using_subcommand agents; and __fish_seen_subcommand_from add" -l copy-auth-from -d 'Copy another agent\'s keys, tokens and references; sign-ins are named instead' -r
complete -c fased -n "__fish_fased_using_subcommand agents; and __fish_seen_subcommand_from add" -l default -d 'Make it the agent commands mean without --agent'
complete -c fased -n "__fish_fased_using_subcommand agents; and __fish_seen_subcommand_from add" -l json -d 'Answer with one JSON document'
complete -c fased -n "__fish_fased_using_subcommand agents; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help'
complete -c fased -n "__fish_fased_using_subcommand agents; and __fish_seen_subcommand_from remove" -l default -d 'Agent that becomes the default; needed to remove the one that is' -r
complete -c fased -n "__fish_fased_using_subcommand agents; and __fish_seen_subcommand_from remove" -s y -l yes -d 'Do not ask'
complete -c fased -n "__fish_fased_using_subcommand agents; and __fish_seen_subcommand_from remove" -l purge -d 'Delete its directory, too: credentials and sessions'
complete -c fased -n "__fish_fased_using_subcommand agents; and __fish_seen_subcommand_from remove" -l json -d 'Answer with one JSON document'
complete -c fased -n "__fish_fased_using_subcommand agents; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c fased -n "__fish_fased_using_subcommand agents; and __fish_seen_subcommand_from default" -l json -d 'Answer with one JSON document'
complete -c fased -n "__fish_fased_using_subcommand agents; and __fish_seen_subcommand_from default" -s h -l help -d 'Print help'
complete -c fased -n "__fish_fased_using_subcommand agents; and __fish_seen_subcommand_from models" -s h -l help -d 'Print help'
complete -c fased -n "__fish_fased_using_subcommand agents; and __fish_seen_subcommand_from models" -f -a "set" -d 'Choose models of an agent'
complete -c fased -n "__fish_fased_using_subcommand chat" -l model -d 'Model to ask, as `provider/model`, an alias, or either with `@profile`; `default` is the agent\'s' -r
complete -c fased -n "__fish_fased_using_subcommand chat" -l role -d 'Ask the agent\'s model for this work: cheap-check, strong, escalation, coding or summarizer' -r -f -a "cheap-check\t'Quick checks that should cost little'
strong\t'Hard questions'
escalation\t'What the others could not do'
coding\t'Programming'
summarizer\t'Summaries'"
complete -c fased -n "__fish_fased_using_subcommand chat" -l agent -d 'Agent to ask for [default: the configured default agent, else main]' -r
complete -c fased -n "__fish_fased_using_subcommand chat" -l session -d 'Session to go on with, or to begin under this name [default: a new one]' -r
complete -c fased -n "__fish_fased_using_subcommand chat" -l image -d 'Image that goes with the question: PNG, JPEG, GIF or WebP, at most 5 MiB; may be given several times' -r -F
complete -c fased -n "__fish_fased_using_subcommand chat" -l file -d 'Text file that goes with the question, at most 4 MiB; may be given several times' -r -F
complete -c fased -n "__fish_fased_using_subcommand chat" -l system -d 'System prompt' -r
complete -c fased -n "__fish_fased_using_subcommand chat" -l max-tokens -d 'Longest answer, in tokens [default: what the config says, else 8192]' -r
complete -c fased -n "__fish_fased_using_subcommand chat" -l retries -d 'How often the same is tried again after a failure that passes by itself' -r
complete -c fased -n "__fish_fased_using_subcommand chat" -l list -d 'List the agent\'s sessions and ask nothing'
complete -c fased -n "__fish_fased_using_subcommand chat" -l json -d 'Answer with one JSON document: text, session and receipt'
complete -c fased -n "__fish_fased_using_subcommand chat" -s h -l help -d 'Print help'
complete -c fased -n "__fish_fased_using_subcommand cache; and not __fish_seen_subcommand_from explain" -s h -l help -d 'Print help'
complete -c fased -n "__fish_fased_using_subcommand cache; and not __fish_seen_subcommand_from explain" -f -a "explain" -d 'Show what the prompt cache did for a session, and why it did not do more; opens no connection'
complete -c fased -n "__fish_fased_using_subcommand cache; and __fish_seen_subcommand_from explain" -l agent -d 'Agent whose session it is [default: the configured default agent, else main]' -r
complete -c fased -n "__fish_fased_using_subcommand cache; and __fish_seen_subcommand_from explain" -l turns -d 'How many turns to show, counted from the last one' -r
complete -c fased -n "__fish_fased_using_subcommand cache; and __fish_seen_subcommand_from explain" -l json -d 'Answer with one JSON document'
complete -c fased -n "__fish_fased_using_subcommand cache; and __fish_seen_subcommand_from explain" -s h -l help -d 'Print help'
complete -c fased -n "__fish_fased_using_subcommand usage" -l since -d 'Where the period begins [default: 30d]' -r
complete -c fased -n "__fish_fased_using_subcommand usage" -l until -d 'Where it ends, that day included [default: now]' -r
complete -c fased -n "__fish_fased_using_subcommand usage" -l by -d 'What requests are put together by' -r -f -a "day\t'The day'
model\t'The model that answered'
agent\t'The agent'
profile\t'The profile, or another source of a credential'
session\t'The session'
key\t'The key of the gateway\'s client that asked'"
complete -c fased -n "__fish_fased_using_subcommand usage" -l agent -d 'One agent alone, also one that is no longer configured [default: all of them]' -r
complete -c fased -n "__fish_fased_using_subcommand usage" -l json -d 'Answer with one JSON document'
complete -c fased -n "__fish_fased_using_subcommand usage" -l csv -d 'Answer with comma-separated values under a heading'
complete -c fased -n "__fish_fased_using_subcommand usage" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c fased -n "__fish_fased_using_subcommand config; and not __fish_seen_subcommand_from path get set unset validate schema" -s h -l help -d 'Print help'
complete -c fased -n "__fish_fased_using_subcommand config; and not __fish_seen_subcommand_from path get set unset validate schema" -f -a "path" -d 'Print where the config is'
complete -c fased -n "__fish_fased_using_subcommand config; and not __fish_seen_subcommand_from path get set unset validate schema" -f -a "get" -d 'Print a value of the config; secrets are masked'
complete -c fased -n "__fish_fased_using_subcommand config; and not __fish_seen_subcommand_from path get set unset validate schema" -f -a "set" -d 'Set a value; every other byte of the file stays as it is'
complete -c fased -n "__fish_fased_using_subcommand config; and not __fish_seen_subcommand_from path get set unset validate schema" -f -a "unset" -d 'Remove a value with its key'
complete -c fased -n "__fish_fased_using_subcommand config; and not __fish_seen_subcommand_from path get set unset validate schema" -f -a "validate" -d 'Check the config: its form, its values, and keys nobody reads'
complete -c fased -n "__fish_fased_using_subcommand config; and not __fish_seen_subcommand_from path get set unset validate schema" -f -a "schema" -d 'Print the JSON Schema of the config, for editors'
complete -c fased -n "__fish_fased_using_subcommand config; and __fish_seen_subcommand_from path" -l json -d 'Answer with one JSON document'
complete -c fased -n "__fish_fased_using_subcommand config; and __fish_seen_subcommand_from path" -s h -l help -d 'Print help'
complete -c fased -n "__fish_fased_using_subcommand config; and __fish_seen_subcommand_from get" -l unredacted -d 'Print secrets as they stand there'
complete -c fased -n "__fish_fased_using_subcommand config; and __fish_seen_subcommand_from get" -l json -d 'Answer with one JSON document'
complete -c fased -n "__fish_fased_using_subcommand config; and __fish_seen_subcommand_from get" -s h -l help -d 'Print help'
complete -c fased -n "__fish_fased_using_subcommand config; and __fish_seen_subcommand_from set" -l stdin -d 'Read the value from standard input, where no other program can see it'
complete -c fased -n "__fish_fased_using_subcommand config; and __fish_seen_subcommand_from set" -l strict-json -d 'Refuse a value that is no JSON5 instead of taking it for a text'
complete -c fased -n "__fish_fased_using_subcommand config; and __fish_seen_subcommand_from set" -l strict -d 'Refuse keys nobody reads'
complete -c fased -n "__fish_fased_using_subcommand config; and __fish_seen_subcommand_from set" -l json -d 'Answer with one JSON document'
complete -c fased -n "__fish_fased_using_subcommand config; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help'
complete -c fased -n "__fish_fased_using_subcommand config; and __fish_seen_subcommand_from unset" -l json -d 'Answer with one JSON document'
complete -c fased -n "__fish_fased_using_subcommand config; and __fish_seen_subcommand_from unset" -s h -l help -d 'Print help'
complete -c fased -n "__fish_fased_using_subcommand config; and __fish_seen_subcommand_from validate" -l strict -d 'Fail on keys nobody reads as well'
complete -c fased -n "__fish_fased_using_subcommand config; and __fish_seen_subcommand_from validate" -l json -d 'Answer with one JSON document'
complete -c fased -n "__fish_fased_using_subcommand config; and __fish_seen_subcommand_from validate" -s h -l help -d 'Print help'
complete -c fased -n "__fish_fased_using_subcommand config; and __fish_seen_subcommand_from schema" -l json -d 'Answer with one JSON document that has the schema in it'
complete -c fased -n "__fish_fased_using_subcommand config; and __fish_seen_subcommand_from schema" -s h -l help -d 'Print help'
complete -c fased -n "__fish_fased_using_subcommand gateway; and not __fish_seen_subcommand_from status keys check service" -l port -d 'Port to listen on; 0 takes a free one [default: FASED_GATEWAY_PORT, gateway.port, 18789]' -r
complete -c fased -n "__fish_fased_using_subcommand gateway; and not __fish_seen_subcommand_from status keys check service" -l bind -d 'Address to listen on; any but this machine\'s own opens the gateway to other machines, unencrypted' -r
complete -c fased -n "__fish_fased_using_subcommand gateway; and not __fish_seen_subcommand_from status keys check service" -l json -d 'Announce the address as one JSON document'
complete -c fased -n "__fish_fased_using_subcommand gateway; and not __fish_seen_subcommand_from status keys check service" -s h -l help -d 'Print help'
complete -c fased -n "__fish_fased_using_subcommand gateway; and not __fish_seen_subcommand_from status keys check service" -f -a "status" -d 'Say whether the gateway runs, where, and how it is'
complete -c fased -n "__fish_fased_using_subcommand gateway; and not __fish_seen_subcommand_from status keys check service" -f -a "keys" -d 'Make, show and take away the keys of programs that use the gateway'
complete -c fased -n "__fish_fased_using_subcommand gateway; and not __fish_seen_subcommand_from status keys check service" -f -a "check" -d 'Test any gateway against what Anthropic\'s clients demand of one'
complete -c fased -n "__fish_fased_using_subcommand gateway; and not __fish_seen_subcommand_from status keys check service" -f -a "service" -d 'Print a systemd unit that runs the gateway for this user'
complete -c fased -n "__fish_fased_using_subcommand gateway; and __fish_seen_subcommand_from status" -l json -d 'Answer with one JSON document'
complete -c fased -n "__fish_fased_using_subcommand gateway; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help'
complete -c fased -n "__fish_fased_using_subcommand gateway; and __fish_seen_subcommand_from keys" -s h -l help -d 'Print help'
complete -c fased -n "__fish_fased_using_subcommand gateway; and __fish_seen_subcommand_from keys" -f -a "add" -d 'Make a key for a program that uses the Messages API through the gateway'
complete -c fased -n "__fish_fased_using_subcommand gateway; and __fish_seen_subcommand_from keys" -f -a "list" -d 'Show the keys, with what each may spend and has spent'
complete -c fased -n "__fish_fased_using_subcommand gateway; and __fish_seen_subcommand_from keys" -f -a "revoke" -d 'Take a key away; it stops working at once'
complete -c fased -n "__fish_fased_using_subcommand gateway; and __fish_seen_subcommand_from check" -l key -d 'Key of a client' -r
complete -c fased -n "__fish_fased_using_subcommand gateway; and __fish_seen_subcommand_from check" -l model -d 'Model to ask, by its id; the cheapest one listed when left out' -r
complete -c fased -n "__fish_fased_using_subcommand gateway; and __fish_seen_subcommand_from check" -l sandbox -d 'Base URL of the sandbox that is the gateway\'s upstream' -r
complete -c fased -n "__fish_fased_using_subcommand gateway; and __fish_seen_subcommand_from check" -l key-stdin -d 'Read the key from standard input'
complete -c fased -n "__fish_fased_using_subcommand gateway; and __fish_seen_subcommand_from check" -l json -d 'Answer with one JSON document'
complete -c fased -n "__fish_fased_using_subcommand gateway; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c fased -n "__fish_fased_using_subcommand gateway; and __fish_seen_subcommand_from service" -l port -d 'Port to listen on, written into the unit' -r
complete -c fased -n "__fish_fased_using_subcommand gateway; and __fish_seen_subcommand_from service" -l json -d 'Answer with one JSON document'
complete -c fased -n "__fish_fased_using_subcommand gateway; and __fish_seen_subcommand_from service" -s h -l help -d 'Print help'
complete -c fased -n "__fish_fased_using_subcommand dashboard" -l no-browser -d 'Print the link and open nothing'
complete -c fased -n "__fish_fased_using_subcommand dashboard" -l json -d 'Answer with one JSON document; implies --no-browser'
complete -c fased -n "__fish_fased_using_subcommand dashboard" -s h -l help -d 'Print help'
complete -c fased -n "__fish_fased_using_subcommand doctor" -l fix -d 'Mend what needs no decision; what is changed is copied first'
complete -c fased -n "__fish_fased_using_subcommand doctor" -l online -d 'Also see whether the providers can be reached and the clocks agree; no credential is sent'
complete -c fased -n "__fish_fased_using_subcommand doctor" -l json -d 'Answer with one JSON document'
complete -c fased -n "__fish_fased_using_subcommand doctor" -s h -l help -d 'Print help'
complete -c fased -n "__fish_fased_using_subcommand sandbox" -l port -d 'Port on 127.0.0.1; 0 takes a free one' -r
complete -c fased -n "__fish_fased_using_subcommand sandbox" -l delay-ms -d 'Wait before each response, in milliseconds' -r
complete -c fased -n "__fish_fased_using_subcommand sandbox" -l event-delay-ms -d 'Wait between the events of a stream, in milliseconds' -r
complete -c fased -n "__fish_fased_using_subcommand sandbox" -l token-lifetime-s -d 'Lifetime of its access tokens, in seconds' -r
complete -c fased -n "__fish_fased_using_subcommand sandbox" -l json -d 'Announce the address as one JSON document'
complete -c fased -n "__fish_fased_using_subcommand sandbox" -s h -l help -d 'Print help'
complete -c fased -n "__fish_fased_using_subcommand demo" -s h -l help -d 'Print help'
complete -c fased -n "__fish_fased_using_subcommand completion" -s h -l help -d 'Print help'
