
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'fased' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'fased'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'fased' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('onboard', 'onboard', [CompletionResultType]::ParameterValue, 'Store a credential for Claude, asking what is needed or taking it from flags and pipes')
            [CompletionResult]::new('models', 'models', [CompletionResultType]::ParameterValue, 'Show models and the health of credentials (the same as `fased models status`)')
            [CompletionResult]::new('agents', 'agents', [CompletionResultType]::ParameterValue, 'Show, add and remove agents, each with credentials of its own')
            [CompletionResult]::new('chat', 'chat', [CompletionResultType]::ParameterValue, 'Ask Claude a question; the answer streams to standard output')
            [CompletionResult]::new('cache', 'cache', [CompletionResultType]::ParameterValue, 'Explain what the prompt cache does for a session')
            [CompletionResult]::new('usage', 'usage', [CompletionResultType]::ParameterValue, 'Show what requests took and cost, by day, model, agent, profile or session')
            [CompletionResult]::new('config', 'config', [CompletionResultType]::ParameterValue, 'Show and change the config; comments and everything else in it stay')
            [CompletionResult]::new('gateway', 'gateway', [CompletionResultType]::ParameterValue, 'Serve the Control UI, and the Messages API with managed credentials for any Anthropic client')
            [CompletionResult]::new('dashboard', 'dashboard', [CompletionResultType]::ParameterValue, 'Open the Control UI in the browser')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Look for what is wrong with files, config and credentials of all agents')
            [CompletionResult]::new('sandbox', 'sandbox', [CompletionResultType]::ParameterValue, 'Serve a stand-in of the Anthropic API on this machine, for trying things out and for tests')
            [CompletionResult]::new('demo', 'demo', [CompletionResultType]::ParameterValue, 'Show it all on a sandbox in a throw-away directory; needs no key and no network')
            [CompletionResult]::new('completion', 'completion', [CompletionResultType]::ParameterValue, 'Print a completion script for a shell')
            break
        }
        'fased;onboard' {
            [CompletionResult]::new('--auth-choice', '--auth-choice', [CompletionResultType]::ParameterName, 'How to sign in')
            [CompletionResult]::new('--anthropic-api-key', '--anthropic-api-key', [CompletionResultType]::ParameterName, 'An API key of the Anthropic Console')
            [CompletionResult]::new('--token-provider', '--token-provider', [CompletionResultType]::ParameterName, 'Whose token it is; only `anthropic` is known')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'A setup-token, as printed by `claude setup-token`')
            [CompletionResult]::new('--custom-base-url', '--custom-base-url', [CompletionResultType]::ParameterName, 'Address of an Anthropic-compatible endpoint, without `/v1`')
            [CompletionResult]::new('--custom-model-id', '--custom-model-id', [CompletionResultType]::ParameterName, 'A model as that endpoint knows it')
            [CompletionResult]::new('--custom-api-key', '--custom-api-key', [CompletionResultType]::ParameterName, 'Its API key [default: CUSTOM_API_KEY of the environment, where nobody can be asked]')
            [CompletionResult]::new('--custom-provider-id', '--custom-provider-id', [CompletionResultType]::ParameterName, 'What the provider is called in models like `ID/claude-sonnet-5` [default: named after its host]')
            [CompletionResult]::new('--custom-compatibility', '--custom-compatibility', [CompletionResultType]::ParameterName, 'What it speaks; only `anthropic`, the Messages API, can be asked')
            [CompletionResult]::new('--secret-input-mode', '--secret-input-mode', [CompletionResultType]::ParameterName, 'Store the credential itself, or a reference to where it is kept')
            [CompletionResult]::new('--secret-ref', '--secret-ref', [CompletionResultType]::ParameterName, 'Where the credential is kept: `env:NAME`, `file:PROVIDER:/pointer` or `exec:PROVIDER:id`')
            [CompletionResult]::new('--profile-id', '--profile-id', [CompletionResultType]::ParameterName, 'Profile to store the credential under, like `anthropic:work` [default: anthropic:default or one beside it]')
            [CompletionResult]::new('--token-profile-id', '--token-profile-id', [CompletionResultType]::ParameterName, 'Profile to store the credential under, like `anthropic:work` [default: anthropic:default or one beside it]')
            [CompletionResult]::new('--token-expires-in', '--token-expires-in', [CompletionResultType]::ParameterName, 'How long the token lives, like `365d` or `12h`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'Agent to store it for [default: the configured default agent, else main]')
            [CompletionResult]::new('--api-key-stdin', '--api-key-stdin', [CompletionResultType]::ParameterName, 'Read the API key from standard input')
            [CompletionResult]::new('--token-stdin', '--token-stdin', [CompletionResultType]::ParameterName, 'Read the setup-token from standard input')
            [CompletionResult]::new('--custom-api-key-stdin', '--custom-api-key-stdin', [CompletionResultType]::ParameterName, 'Read its API key from standard input')
            [CompletionResult]::new('--replace', '--replace', [CompletionResultType]::ParameterName, 'Let --profile-id replace a credential of another kind')
            [CompletionResult]::new('--set-default', '--set-default', [CompletionResultType]::ParameterName, 'Let the agent ask a model of this provider first: the one that is named, or the data file''s default')
            [CompletionResult]::new('--verify', '--verify', [CompletionResultType]::ParameterName, 'Ask the API whether it accepts the credential, and store it only then')
            [CompletionResult]::new('--skip-health', '--skip-health', [CompletionResultType]::ParameterName, 'Store without asking the API, which scripts get anyway, and without following a reference')
            [CompletionResult]::new('--non-interactive', '--non-interactive', [CompletionResultType]::ParameterName, 'Never ask anything, also on a terminal')
            [CompletionResult]::new('--accept-risk', '--accept-risk', [CompletionResultType]::ParameterName, 'Accepted for scripts written for the TypeScript program; not required')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fased;models' {
            [CompletionResult]::new('--probe-provider', '--probe-provider', [CompletionResultType]::ParameterName, 'With --probe: only this provider')
            [CompletionResult]::new('--probe-profile', '--probe-profile', [CompletionResultType]::ParameterName, 'With --probe: only this profile; may be given several times')
            [CompletionResult]::new('--probe-timeout', '--probe-timeout', [CompletionResultType]::ParameterName, 'With --probe: limit for each credential, in milliseconds')
            [CompletionResult]::new('--probe-concurrency', '--probe-concurrency', [CompletionResultType]::ParameterName, 'With --probe: how many are asked at a time')
            [CompletionResult]::new('--probe-max-tokens', '--probe-max-tokens', [CompletionResultType]::ParameterName, 'Accepted for scripts written for the TypeScript program; a probe here uses no tokens')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'Agent to look at [default: the configured default agent, else main]')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'Model to judge credentials for [default: the agent''s primary model]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'Print the primary model and nothing else')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Exit with 1 when the credential in use is missing or expired, with 2 when it ends within a day')
            [CompletionResult]::new('--probe', '--probe', [CompletionResultType]::ParameterName, 'Ask the providers about the credentials, by a request that is free')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show an agent''s models and the health of its credentials; opens no connection')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Show what a request would carry: each parameter and where it is set, headers, cache markers; opens no connection')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List models with their figures and prices; opens no connection without --refresh')
            [CompletionResult]::new('set', 'set', [CompletionResultType]::ParameterValue, 'Choose the model that is asked first')
            [CompletionResult]::new('set-image', 'set-image', [CompletionResultType]::ParameterValue, 'Choose the model for requests with images')
            [CompletionResult]::new('aliases', 'aliases', [CompletionResultType]::ParameterValue, 'Show or change the short names of models')
            [CompletionResult]::new('fallbacks', 'fallbacks', [CompletionResultType]::ParameterValue, 'Show or change the models that are asked when the first one cannot answer')
            [CompletionResult]::new('image-fallbacks', 'image-fallbacks', [CompletionResultType]::ParameterValue, 'The same for requests with images')
            [CompletionResult]::new('roles', 'roles', [CompletionResultType]::ParameterValue, 'Show or choose models by the work they are for')
            [CompletionResult]::new('auth', 'auth', [CompletionResultType]::ParameterValue, 'Look after the stored credentials of an agent')
            break
        }
        'fased;models;status' {
            [CompletionResult]::new('--probe-provider', '--probe-provider', [CompletionResultType]::ParameterName, 'With --probe: only this provider')
            [CompletionResult]::new('--probe-profile', '--probe-profile', [CompletionResultType]::ParameterName, 'With --probe: only this profile; may be given several times')
            [CompletionResult]::new('--probe-timeout', '--probe-timeout', [CompletionResultType]::ParameterName, 'With --probe: limit for each credential, in milliseconds')
            [CompletionResult]::new('--probe-concurrency', '--probe-concurrency', [CompletionResultType]::ParameterName, 'With --probe: how many are asked at a time')
            [CompletionResult]::new('--probe-max-tokens', '--probe-max-tokens', [CompletionResultType]::ParameterName, 'Accepted for scripts written for the TypeScript program; a probe here uses no tokens')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'Agent to look at [default: the configured default agent, else main]')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'Model to judge credentials for [default: the agent''s primary model]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'Print the primary model and nothing else')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Exit with 1 when the credential in use is missing or expired, with 2 when it ends within a day')
            [CompletionResult]::new('--probe', '--probe', [CompletionResultType]::ParameterName, 'Ask the providers about the credentials, by a request that is free')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;models;explain' {
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'Agent whose requests are explained [default: the configured default agent, else main]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;models;list' {
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'Only models of this provider')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'Agent to look at [default: the configured default agent, else main]')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Every model the data file and the config know, not only those the agent is configured with')
            [CompletionResult]::new('--local', '--local', [CompletionResultType]::ParameterName, 'Only models served on this machine')
            [CompletionResult]::new('--refresh', '--refresh', [CompletionResultType]::ParameterName, 'Ask the provider which models the agent''s next credential really has')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'Print the models'' names alone, one a line')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;models;set' {
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'Agent whose own choice is meant [default: that of all agents without one]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;models;set-image' {
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'Agent whose own choice is meant [default: that of all agents without one]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;models;aliases' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'Print an alias and its model a line')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Show the short names of models')
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Give a model a short name')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Remove a short name; the model stays as it is')
            break
        }
        'fased;models;aliases;list' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'Print an alias and its model a line')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;models;aliases;add' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;models;aliases;remove' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;models;fallbacks' {
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'Agent whose own choice is meant [default: that of all agents without one]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'Print the names alone, one a line')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Show the models that are asked in turn')
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Add a model behind the others')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Remove a model from the list')
            [CompletionResult]::new('clear', 'clear', [CompletionResultType]::ParameterValue, 'Remove all of them')
            break
        }
        'fased;models;fallbacks;list' {
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'Agent whose own choice is meant [default: that of all agents without one]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'Print the names alone, one a line')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;models;fallbacks;add' {
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'Agent whose own choice is meant [default: that of all agents without one]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;models;fallbacks;remove' {
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'Agent whose own choice is meant [default: that of all agents without one]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;models;fallbacks;clear' {
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'Agent whose own choice is meant [default: that of all agents without one]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;models;image-fallbacks' {
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'Agent whose own choice is meant [default: that of all agents without one]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'Print the names alone, one a line')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Show the models that are asked in turn')
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Add a model behind the others')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Remove a model from the list')
            [CompletionResult]::new('clear', 'clear', [CompletionResultType]::ParameterValue, 'Remove all of them')
            break
        }
        'fased;models;image-fallbacks;list' {
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'Agent whose own choice is meant [default: that of all agents without one]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'Print the names alone, one a line')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;models;image-fallbacks;add' {
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'Agent whose own choice is meant [default: that of all agents without one]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;models;image-fallbacks;remove' {
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'Agent whose own choice is meant [default: that of all agents without one]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;models;image-fallbacks;clear' {
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'Agent whose own choice is meant [default: that of all agents without one]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;models;roles' {
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'Agent whose own choice is meant [default: that of all agents without one]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Show which model does which work')
            [CompletionResult]::new('set', 'set', [CompletionResultType]::ParameterValue, 'Choose the model for a kind of work')
            [CompletionResult]::new('clear', 'clear', [CompletionResultType]::ParameterValue, 'Leave a kind of work to the primary model again')
            break
        }
        'fased;models;roles;list' {
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'Agent whose own choice is meant [default: that of all agents without one]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;models;roles;set' {
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'Agent whose own choice is meant [default: that of all agents without one]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;models;roles;clear' {
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'Agent whose own choice is meant [default: that of all agents without one]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;models;auth' {
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'Agent whose credentials are meant [default: the configured default agent, else main]')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('login', 'login', [CompletionResultType]::ParameterValue, 'Sign in with a browser, or store a token or API key')
            [CompletionResult]::new('setup-token', 'setup-token', [CompletionResultType]::ParameterValue, 'Store a setup-token, running `claude setup-token` for it where that is there')
            [CompletionResult]::new('paste-token', 'paste-token', [CompletionResultType]::ParameterValue, 'Store a setup-token that is pasted or piped')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List stored credentials in order of use, those that cannot be read included')
            [CompletionResult]::new('order', 'order', [CompletionResultType]::ParameterValue, 'Show or change the order in which an agent uses a provider''s credentials')
            [CompletionResult]::new('cooldown', 'cooldown', [CompletionResultType]::ParameterValue, 'Show or clear the windows in which credentials are left alone')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Remove a stored credential')
            [CompletionResult]::new('rename', 'rename', [CompletionResultType]::ParameterValue, 'Give a stored credential another name')
            [CompletionResult]::new('import', 'import', [CompletionResultType]::ParameterValue, 'Take credentials over from another program, or refer to those it keeps')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Hand a credential on to another program, and keep it fresh there')
            [CompletionResult]::new('token', 'token', [CompletionResultType]::ParameterValue, 'Print a secret that is ready to be sent')
            break
        }
        'fased;models;auth;login' {
            [CompletionResult]::new('--method', '--method', [CompletionResultType]::ParameterName, 'How to sign in [default: asks]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'How long the sign-in may take, like `90s` or `5m` [default: 5m]')
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'Whose credential it is: `anthropic`, or a provider with a base URL in the config [default: anthropic]')
            [CompletionResult]::new('--profile-id', '--profile-id', [CompletionResultType]::ParameterName, 'Profile to store it under, like `anthropic:work` [default: one named after its kind or account]')
            [CompletionResult]::new('--expires-in', '--expires-in', [CompletionResultType]::ParameterName, 'How long a token lives, like `365d` or `12h`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'Agent whose credentials are meant [default: the configured default agent, else main]')
            [CompletionResult]::new('--no-browser', '--no-browser', [CompletionResultType]::ParameterName, 'Do not open a browser; print the address only')
            [CompletionResult]::new('--set-default', '--set-default', [CompletionResultType]::ParameterName, 'Let the agent ask the provider''s first model first; of Anthropic that is the data file''s default')
            [CompletionResult]::new('--replace', '--replace', [CompletionResultType]::ParameterName, 'Let --profile-id replace a credential of another kind')
            [CompletionResult]::new('--verify', '--verify', [CompletionResultType]::ParameterName, 'Ask the API whether it accepts the token or key, and store it only then')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fased;models;auth;setup-token' {
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'Whose credential it is: `anthropic`, or a provider with a base URL in the config [default: anthropic]')
            [CompletionResult]::new('--profile-id', '--profile-id', [CompletionResultType]::ParameterName, 'Profile to store it under, like `anthropic:work` [default: one named after its kind or account]')
            [CompletionResult]::new('--expires-in', '--expires-in', [CompletionResultType]::ParameterName, 'How long a token lives, like `365d` or `12h`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'Agent whose credentials are meant [default: the configured default agent, else main]')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not offer to run `claude setup-token`; there is a token already')
            [CompletionResult]::new('--replace', '--replace', [CompletionResultType]::ParameterName, 'Let --profile-id replace a credential of another kind')
            [CompletionResult]::new('--verify', '--verify', [CompletionResultType]::ParameterName, 'Ask the API whether it accepts the token or key, and store it only then')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;models;auth;paste-token' {
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'Whose credential it is: `anthropic`, or a provider with a base URL in the config [default: anthropic]')
            [CompletionResult]::new('--profile-id', '--profile-id', [CompletionResultType]::ParameterName, 'Profile to store it under, like `anthropic:work` [default: one named after its kind or account]')
            [CompletionResult]::new('--expires-in', '--expires-in', [CompletionResultType]::ParameterName, 'How long a token lives, like `365d` or `12h`')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'Agent whose credentials are meant [default: the configured default agent, else main]')
            [CompletionResult]::new('--replace', '--replace', [CompletionResultType]::ParameterName, 'Let --profile-id replace a credential of another kind')
            [CompletionResult]::new('--verify', '--verify', [CompletionResultType]::ParameterName, 'Ask the API whether it accepts the token or key, and store it only then')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;models;auth;list' {
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'Only credentials of this provider')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'Agent whose credentials are meant [default: the configured default agent, else main]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;models;auth;order' {
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'Agent whose credentials are meant [default: the configured default agent, else main]')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('get', 'get', [CompletionResultType]::ParameterValue, 'Show the order that counts, and where it comes from')
            [CompletionResult]::new('set', 'set', [CompletionResultType]::ParameterValue, 'Set this agent''s own order; credentials it does not name are not used')
            [CompletionResult]::new('clear', 'clear', [CompletionResultType]::ParameterValue, 'Drop this agent''s own order, so that the config''s or the usual one counts')
            break
        }
        'fased;models;auth;order;get' {
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'Provider whose order is meant')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'Agent whose credentials are meant [default: the configured default agent, else main]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;models;auth;order;set' {
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'Provider whose order is meant')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'Agent whose credentials are meant [default: the configured default agent, else main]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;models;auth;order;clear' {
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'Provider whose order is meant')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'Agent whose credentials are meant [default: the configured default agent, else main]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;models;auth;cooldown' {
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'Agent whose credentials are meant [default: the configured default agent, else main]')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List credentials that are left alone or disabled, until when, and why')
            [CompletionResult]::new('clear', 'clear', [CompletionResultType]::ParameterValue, 'Forget cooldowns and failures, so that credentials are tried again at once')
            break
        }
        'fased;models;auth;cooldown;list' {
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'Agent whose credentials are meant [default: the configured default agent, else main]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;models;auth;cooldown;clear' {
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'Agent whose credentials are meant [default: the configured default agent, else main]')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Clear every profile, but not those whose key was revoked or disabled')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;models;auth;remove' {
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'Agent whose credentials are meant [default: the configured default agent, else main]')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Remove it without asking')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document; needs --yes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;models;auth;rename' {
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'Agent whose credentials are meant [default: the configured default agent, else main]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;models;auth;import' {
            [CompletionResult]::new('--from', '--from', [CompletionResultType]::ParameterName, 'Whose credentials are meant')
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Where they are, when that is not the usual place')
            [CompletionResult]::new('--from-agent', '--from-agent', [CompletionResultType]::ParameterName, 'Agent of the other state directory [default: its default agent]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'The one that is meant: a profile id of the other store, or the name of an Anthropic profile')
            [CompletionResult]::new('--profile-id', '--profile-id', [CompletionResultType]::ParameterName, 'Id a reference is stored under [default: anthropic:claude-code, anthropic:NAME, anthropic:federation]')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'Agent whose credentials are meant [default: the configured default agent, else main]')
            [CompletionResult]::new('--replace', '--replace', [CompletionResultType]::ParameterName, 'Let a credential with the id of one that arrives be lost')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Say what would happen and write nothing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fased;models;auth;export' {
            [CompletionResult]::new('--to', '--to', [CompletionResultType]::ParameterName, 'Who is to read it')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'The credential: a sign-in or a token; the format has no place for API keys')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'Name of the profile there')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'Agent whose credentials are meant [default: the configured default agent, else main]')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Let a profile of that name that was not exported from here be lost')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fased;models;auth;token' {
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'The credential [default: the one the next request would use]')
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'Whose credential')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'Agent whose credentials are meant [default: the configured default agent, else main]')
            [CompletionResult]::new('--header', '--header', [CompletionResultType]::ParameterName, 'As the header that carries it')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'As a line for a shell that exports the variable Anthropic''s SDKs read')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;agents' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Show the agents: their models, directories, and the credential each would use now')
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Add an agent; it inherits no credentials')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Remove an agent from the config; its files stay unless --purge is given')
            [CompletionResult]::new('default', 'default', [CompletionResultType]::ParameterValue, 'Show which agent commands mean without --agent, or choose it')
            [CompletionResult]::new('models', 'models', [CompletionResultType]::ParameterValue, 'The same as `fased models ... --agent`, for scripts written for the TypeScript program')
            break
        }
        'fased;agents;list' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;agents;add' {
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'Model it asks first [default: that of all agents]')
            [CompletionResult]::new('--agent-dir', '--agent-dir', [CompletionResultType]::ParameterName, 'Directory of its credentials: absolute, or beginning with ~/ [default: below the state directory]')
            [CompletionResult]::new('--copy-auth-from', '--copy-auth-from', [CompletionResultType]::ParameterName, 'Copy another agent''s keys, tokens and references; sign-ins are named instead')
            [CompletionResult]::new('--default', '--default', [CompletionResultType]::ParameterName, 'Make it the agent commands mean without --agent')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;agents;remove' {
            [CompletionResult]::new('--default', '--default', [CompletionResultType]::ParameterName, 'Agent that becomes the default; needed to remove the one that is')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--purge', '--purge', [CompletionResultType]::ParameterName, 'Delete its directory, too: credentials and sessions')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;agents;default' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;agents;models' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('set', 'set', [CompletionResultType]::ParameterValue, 'Choose models of an agent')
            break
        }
        'fased;agents;models;set' {
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'Agent whose models they are')
            [CompletionResult]::new('--primary', '--primary', [CompletionResultType]::ParameterName, 'Model it asks first')
            [CompletionResult]::new('--fallback', '--fallback', [CompletionResultType]::ParameterName, 'Model it asks when that one cannot answer; may be given several times')
            [CompletionResult]::new('--cheap-check', '--cheap-check', [CompletionResultType]::ParameterName, 'Model for quick checks')
            [CompletionResult]::new('--strong', '--strong', [CompletionResultType]::ParameterName, 'Model for hard questions')
            [CompletionResult]::new('--escalation', '--escalation', [CompletionResultType]::ParameterName, 'Model for what the others could not do')
            [CompletionResult]::new('--coding', '--coding', [CompletionResultType]::ParameterName, 'Model for programming')
            [CompletionResult]::new('--summarizer', '--summarizer', [CompletionResultType]::ParameterName, 'Model for summaries')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;chat' {
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'Model to ask, as `provider/model`, an alias, or either with `@profile`; `default` is the agent''s')
            [CompletionResult]::new('--role', '--role', [CompletionResultType]::ParameterName, 'Ask the agent''s model for this work: cheap-check, strong, escalation, coding or summarizer')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'Agent to ask for [default: the configured default agent, else main]')
            [CompletionResult]::new('--session', '--session', [CompletionResultType]::ParameterName, 'Session to go on with, or to begin under this name [default: a new one]')
            [CompletionResult]::new('--image', '--image', [CompletionResultType]::ParameterName, 'Image that goes with the question: PNG, JPEG, GIF or WebP, at most 5 MiB; may be given several times')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'Text file that goes with the question, at most 4 MiB; may be given several times')
            [CompletionResult]::new('--system', '--system', [CompletionResultType]::ParameterName, 'System prompt')
            [CompletionResult]::new('--max-tokens', '--max-tokens', [CompletionResultType]::ParameterName, 'Longest answer, in tokens [default: what the config says, else 8192]')
            [CompletionResult]::new('--retries', '--retries', [CompletionResultType]::ParameterName, 'How often the same is tried again after a failure that passes by itself')
            [CompletionResult]::new('--list', '--list', [CompletionResultType]::ParameterName, 'List the agent''s sessions and ask nothing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document: text, session and receipt')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;cache' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Show what the prompt cache did for a session, and why it did not do more; opens no connection')
            break
        }
        'fased;cache;explain' {
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'Agent whose session it is [default: the configured default agent, else main]')
            [CompletionResult]::new('--turns', '--turns', [CompletionResultType]::ParameterName, 'How many turns to show, counted from the last one')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;usage' {
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Where the period begins [default: 30d]')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'Where it ends, that day included [default: now]')
            [CompletionResult]::new('--by', '--by', [CompletionResultType]::ParameterName, 'What requests are put together by')
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'One agent alone, also one that is no longer configured [default: all of them]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('--csv', '--csv', [CompletionResultType]::ParameterName, 'Answer with comma-separated values under a heading')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'fased;config' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('path', 'path', [CompletionResultType]::ParameterValue, 'Print where the config is')
            [CompletionResult]::new('get', 'get', [CompletionResultType]::ParameterValue, 'Print a value of the config; secrets are masked')
            [CompletionResult]::new('set', 'set', [CompletionResultType]::ParameterValue, 'Set a value; every other byte of the file stays as it is')
            [CompletionResult]::new('unset', 'unset', [CompletionResultType]::ParameterValue, 'Remove a value with its key')
            [CompletionResult]::new('validate', 'validate', [CompletionResultType]::ParameterValue, 'Check the config: its form, its values, and keys nobody reads')
            [CompletionResult]::new('schema', 'schema', [CompletionResultType]::ParameterValue, 'Print the JSON Schema of the config, for editors')
            break
        }
        'fased;config;path' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;config;get' {
            [CompletionResult]::new('--unredacted', '--unredacted', [CompletionResultType]::ParameterName, 'Print secrets as they stand there')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;config;set' {
            [CompletionResult]::new('--stdin', '--stdin', [CompletionResultType]::ParameterName, 'Read the value from standard input, where no other program can see it')
            [CompletionResult]::new('--strict-json', '--strict-json', [CompletionResultType]::ParameterName, 'Refuse a value that is no JSON5 instead of taking it for a text')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Refuse keys nobody reads')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;config;unset' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;config;validate' {
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Fail on keys nobody reads as well')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;config;schema' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document that has the schema in it')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;gateway' {
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'Port to listen on; 0 takes a free one [default: FASED_GATEWAY_PORT, gateway.port, 18789]')
            [CompletionResult]::new('--bind', '--bind', [CompletionResultType]::ParameterName, 'Address to listen on; any but this machine''s own opens the gateway to other machines, unencrypted')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Announce the address as one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Say whether the gateway runs, where, and how it is')
            [CompletionResult]::new('keys', 'keys', [CompletionResultType]::ParameterValue, 'Make, show and take away the keys of programs that use the gateway')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Test any gateway against what Anthropic''s clients demand of one')
            [CompletionResult]::new('service', 'service', [CompletionResultType]::ParameterValue, 'Print a systemd unit that runs the gateway for this user')
            break
        }
        'fased;gateway;status' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;gateway;keys' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Make a key for a program that uses the Messages API through the gateway')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Show the keys, with what each may spend and has spent')
            [CompletionResult]::new('revoke', 'revoke', [CompletionResultType]::ParameterValue, 'Take a key away; it stops working at once')
            break
        }
        'fased;gateway;keys;add' {
            [CompletionResult]::new('--agent', '--agent', [CompletionResultType]::ParameterName, 'The agent whose credentials it uses [default: the configured default agent]')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'A model it may ask; repeat it for more [default: all]')
            [CompletionResult]::new('--cap-daily', '--cap-daily', [CompletionResultType]::ParameterName, 'The most it may spend in a day')
            [CompletionResult]::new('--cap-weekly', '--cap-weekly', [CompletionResultType]::ParameterName, 'The most it may spend in a week')
            [CompletionResult]::new('--cap-monthly', '--cap-monthly', [CompletionResultType]::ParameterName, 'The most it may spend in a month')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;gateway;keys;list' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;gateway;keys;revoke' {
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;gateway;check' {
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'Key of a client')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'Model to ask, by its id; the cheapest one listed when left out')
            [CompletionResult]::new('--sandbox', '--sandbox', [CompletionResultType]::ParameterName, 'Base URL of the sandbox that is the gateway''s upstream')
            [CompletionResult]::new('--key-stdin', '--key-stdin', [CompletionResultType]::ParameterName, 'Read the key from standard input')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;gateway;service' {
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'Port to listen on, written into the unit')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;dashboard' {
            [CompletionResult]::new('--no-browser', '--no-browser', [CompletionResultType]::ParameterName, 'Print the link and open nothing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document; implies --no-browser')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;doctor' {
            [CompletionResult]::new('--fix', '--fix', [CompletionResultType]::ParameterName, 'Mend what needs no decision; what is changed is copied first')
            [CompletionResult]::new('--online', '--online', [CompletionResultType]::ParameterName, 'Also see whether the providers can be reached and the clocks agree; no credential is sent')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer with one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;sandbox' {
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'Port on 127.0.0.1; 0 takes a free one')
            [CompletionResult]::new('--delay-ms', '--delay-ms', [CompletionResultType]::ParameterName, 'Wait before each response, in milliseconds')
            [CompletionResult]::new('--event-delay-ms', '--event-delay-ms', [CompletionResultType]::ParameterName, 'Wait between the events of a stream, in milliseconds')
            [CompletionResult]::new('--token-lifetime-s', '--token-lifetime-s', [CompletionResultType]::ParameterName, 'Lifetime of its access tokens, in seconds')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Announce the address as one JSON document')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;demo' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'fased;completion' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
