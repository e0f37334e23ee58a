
use builtin;
use str;

set edit:completion:arg-completer[fased] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'fased'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'fased'= {
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
            cand onboard 'Store a credential for Claude, asking what is needed or taking it from flags and pipes'
            cand models 'Show models and the health of credentials (the same as `fased models status`)'
            cand agents 'Show, add and remove agents, each with credentials of its own'
            cand chat 'Ask Claude a question; the answer streams to standard output'
            cand cache 'Explain what the prompt cache does for a session'
            cand usage 'Show what requests took and cost, by day, model, agent, profile or session'
            cand config 'Show and change the config; comments and everything else in it stay'
            cand gateway 'Serve the Control UI, and the Messages API with managed credentials for any Anthropic client'
            cand dashboard 'Open the Control UI in the browser'
            cand doctor 'Look for what is wrong with files, config and credentials of all agents'
            cand sandbox 'Serve a stand-in of the Anthropic API on this machine, for trying things out and for tests'
            cand demo 'Show it all on a sandbox in a throw-away directory; needs no key and no network'
            cand completion 'Print a completion script for a shell'
        }
        &'fased;onboard'= {
            cand --auth-choice 'How to sign in'
            cand --anthropic-api-key 'An API key of the Anthropic Console'
            cand --token-provider 'Whose token it is; only `anthropic` is known'
            cand --token 'A setup-token, as printed by `claude setup-token`'
            cand --custom-base-url 'Address of an Anthropic-compatible endpoint, without `/v1`'
            cand --custom-model-id 'A model as that endpoint knows it'
            cand --custom-api-key 'Its API key [default: CUSTOM_API_KEY of the environment, where nobody can be asked]'
            cand --custom-provider-id 'What the provider is called in models like `ID/claude-sonnet-5` [default: named after its host]'
            cand --custom-compatibility 'What it speaks; only `anthropic`, the Messages API, can be asked'
            cand --secret-input-mode 'Store the credential itself, or a reference to where it is kept'
            cand --secret-ref 'Where the credential is kept: `env:NAME`, `file:PROVIDER:/pointer` or `exec:PROVIDER:id`'
            cand --profile-id 'Profile to store the credential under, like `anthropic:work` [default: anthropic:default or one beside it]'
            cand --token-profile-id 'Profile to store the credential under, like `anthropic:work` [default: anthropic:default or one beside it]'
            cand --token-expires-in 'How long the token lives, like `365d` or `12h`'
            cand --agent 'Agent to store it for [default: the configured default agent, else main]'
            cand --api-key-stdin 'Read the API key from standard input'
            cand --token-stdin 'Read the setup-token from standard input'
            cand --custom-api-key-stdin 'Read its API key from standard input'
            cand --replace 'Let --profile-id replace a credential of another kind'
            cand --set-default 'Let the agent ask a model of this provider first: the one that is named, or the data file''s default'
            cand --verify 'Ask the API whether it accepts the credential, and store it only then'
            cand --skip-health 'Store without asking the API, which scripts get anyway, and without following a reference'
            cand --non-interactive 'Never ask anything, also on a terminal'
            cand --accept-risk 'Accepted for scripts written for the TypeScript program; not required'
            cand --json 'Answer with one JSON document'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fased;models'= {
            cand --probe-provider 'With --probe: only this provider'
            cand --probe-profile 'With --probe: only this profile; may be given several times'
            cand --probe-timeout 'With --probe: limit for each credential, in milliseconds'
            cand --probe-concurrency 'With --probe: how many are asked at a time'
            cand --probe-max-tokens 'Accepted for scripts written for the TypeScript program; a probe here uses no tokens'
            cand --agent 'Agent to look at [default: the configured default agent, else main]'
            cand --model 'Model to judge credentials for [default: the agent''s primary model]'
            cand --json 'Answer with one JSON document'
            cand --plain 'Print the primary model and nothing else'
            cand --check 'Exit with 1 when the credential in use is missing or expired, with 2 when it ends within a day'
            cand --probe 'Ask the providers about the credentials, by a request that is free'
            cand -h 'Print help'
            cand --help 'Print help'
            cand status 'Show an agent''s models and the health of its credentials; opens no connection'
            cand explain 'Show what a request would carry: each parameter and where it is set, headers, cache markers; opens no connection'
            cand list 'List models with their figures and prices; opens no connection without --refresh'
            cand set 'Choose the model that is asked first'
            cand set-image 'Choose the model for requests with images'
            cand aliases 'Show or change the short names of models'
            cand fallbacks 'Show or change the models that are asked when the first one cannot answer'
            cand image-fallbacks 'The same for requests with images'
            cand roles 'Show or choose models by the work they are for'
            cand auth 'Look after the stored credentials of an agent'
        }
        &'fased;models;status'= {
            cand --probe-provider 'With --probe: only this provider'
            cand --probe-profile 'With --probe: only this profile; may be given several times'
            cand --probe-timeout 'With --probe: limit for each credential, in milliseconds'
            cand --probe-concurrency 'With --probe: how many are asked at a time'
            cand --probe-max-tokens 'Accepted for scripts written for the TypeScript program; a probe here uses no tokens'
            cand --agent 'Agent to look at [default: the configured default agent, else main]'
            cand --model 'Model to judge credentials for [default: the agent''s primary model]'
            cand --json 'Answer with one JSON document'
            cand --plain 'Print the primary model and nothing else'
            cand --check 'Exit with 1 when the credential in use is missing or expired, with 2 when it ends within a day'
            cand --probe 'Ask the providers about the credentials, by a request that is free'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;models;explain'= {
            cand --agent 'Agent whose requests are explained [default: the configured default agent, else main]'
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;models;list'= {
            cand --provider 'Only models of this provider'
            cand --agent 'Agent to look at [default: the configured default agent, else main]'
            cand --all 'Every model the data file and the config know, not only those the agent is configured with'
            cand --local 'Only models served on this machine'
            cand --refresh 'Ask the provider which models the agent''s next credential really has'
            cand --json 'Answer with one JSON document'
            cand --plain 'Print the models'' names alone, one a line'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;models;set'= {
            cand --agent 'Agent whose own choice is meant [default: that of all agents without one]'
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;models;set-image'= {
            cand --agent 'Agent whose own choice is meant [default: that of all agents without one]'
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;models;aliases'= {
            cand --json 'Answer with one JSON document'
            cand --plain 'Print an alias and its model a line'
            cand -h 'Print help'
            cand --help 'Print help'
            cand list 'Show the short names of models'
            cand add 'Give a model a short name'
            cand remove 'Remove a short name; the model stays as it is'
        }
        &'fased;models;aliases;list'= {
            cand --json 'Answer with one JSON document'
            cand --plain 'Print an alias and its model a line'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;models;aliases;add'= {
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;models;aliases;remove'= {
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;models;fallbacks'= {
            cand --agent 'Agent whose own choice is meant [default: that of all agents without one]'
            cand --json 'Answer with one JSON document'
            cand --plain 'Print the names alone, one a line'
            cand -h 'Print help'
            cand --help 'Print help'
            cand list 'Show the models that are asked in turn'
            cand add 'Add a model behind the others'
            cand remove 'Remove a model from the list'
            cand clear 'Remove all of them'
        }
        &'fased;models;fallbacks;list'= {
            cand --agent 'Agent whose own choice is meant [default: that of all agents without one]'
            cand --json 'Answer with one JSON document'
            cand --plain 'Print the names alone, one a line'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;models;fallbacks;add'= {
            cand --agent 'Agent whose own choice is meant [default: that of all agents without one]'
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;models;fallbacks;remove'= {
            cand --agent 'Agent whose own choice is meant [default: that of all agents without one]'
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;models;fallbacks;clear'= {
            cand --agent 'Agent whose own choice is meant [default: that of all agents without one]'
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;models;image-fallbacks'= {
            cand --agent 'Agent whose own choice is meant [default: that of all agents without one]'
            cand --json 'Answer with one JSON document'
            cand --plain 'Print the names alone, one a line'
            cand -h 'Print help'
            cand --help 'Print help'
            cand list 'Show the models that are asked in turn'
            cand add 'Add a model behind the others'
            cand remove 'Remove a model from the list'
            cand clear 'Remove all of them'
        }
        &'fased;models;image-fallbacks;list'= {
            cand --agent 'Agent whose own choice is meant [default: that of all agents without one]'
            cand --json 'Answer with one JSON document'
            cand --plain 'Print the names alone, one a line'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;models;image-fallbacks;add'= {
            cand --agent 'Agent whose own choice is meant [default: that of all agents without one]'
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;models;image-fallbacks;remove'= {
            cand --agent 'Agent whose own choice is meant [default: that of all agents without one]'
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;models;image-fallbacks;clear'= {
            cand --agent 'Agent whose own choice is meant [default: that of all agents without one]'
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;models;roles'= {
            cand --agent 'Agent whose own choice is meant [default: that of all agents without one]'
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
            cand list 'Show which model does which work'
            cand set 'Choose the model for a kind of work'
            cand clear 'Leave a kind of work to the primary model again'
        }
        &'fased;models;roles;list'= {
            cand --agent 'Agent whose own choice is meant [default: that of all agents without one]'
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;models;roles;set'= {
            cand --agent 'Agent whose own choice is meant [default: that of all agents without one]'
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;models;roles;clear'= {
            cand --agent 'Agent whose own choice is meant [default: that of all agents without one]'
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;models;auth'= {
            cand --agent 'Agent whose credentials are meant [default: the configured default agent, else main]'
            cand -h 'Print help'
            cand --help 'Print help'
            cand login 'Sign in with a browser, or store a token or API key'
            cand setup-token 'Store a setup-token, running `claude setup-token` for it where that is there'
            cand paste-token 'Store a setup-token that is pasted or piped'
            cand list 'List stored credentials in order of use, those that cannot be read included'
            cand order 'Show or change the order in which an agent uses a provider''s credentials'
            cand cooldown 'Show or clear the windows in which credentials are left alone'
            cand remove 'Remove a stored credential'
            cand rename 'Give a stored credential another name'
            cand import 'Take credentials over from another program, or refer to those it keeps'
            cand export 'Hand a credential on to another program, and keep it fresh there'
            cand token 'Print a secret that is ready to be sent'
        }
        &'fased;models;auth;login'= {
            cand --method 'How to sign in [default: asks]'
            cand --timeout 'How long the sign-in may take, like `90s` or `5m` [default: 5m]'
            cand --provider 'Whose credential it is: `anthropic`, or a provider with a base URL in the config [default: anthropic]'
            cand --profile-id 'Profile to store it under, like `anthropic:work` [default: one named after its kind or account]'
            cand --expires-in 'How long a token lives, like `365d` or `12h`'
            cand --agent 'Agent whose credentials are meant [default: the configured default agent, else main]'
            cand --no-browser 'Do not open a browser; print the address only'
            cand --set-default 'Let the agent ask the provider''s first model first; of Anthropic that is the data file''s default'
            cand --replace 'Let --profile-id replace a credential of another kind'
            cand --verify 'Ask the API whether it accepts the token or key, and store it only then'
            cand --json 'Answer with one JSON document'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fased;models;auth;setup-token'= {
            cand --provider 'Whose credential it is: `anthropic`, or a provider with a base URL in the config [default: anthropic]'
            cand --profile-id 'Profile to store it under, like `anthropic:work` [default: one named after its kind or account]'
            cand --expires-in 'How long a token lives, like `365d` or `12h`'
            cand --agent 'Agent whose credentials are meant [default: the configured default agent, else main]'
            cand --yes 'Do not offer to run `claude setup-token`; there is a token already'
            cand --replace 'Let --profile-id replace a credential of another kind'
            cand --verify 'Ask the API whether it accepts the token or key, and store it only then'
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;models;auth;paste-token'= {
            cand --provider 'Whose credential it is: `anthropic`, or a provider with a base URL in the config [default: anthropic]'
            cand --profile-id 'Profile to store it under, like `anthropic:work` [default: one named after its kind or account]'
            cand --expires-in 'How long a token lives, like `365d` or `12h`'
            cand --agent 'Agent whose credentials are meant [default: the configured default agent, else main]'
            cand --replace 'Let --profile-id replace a credential of another kind'
            cand --verify 'Ask the API whether it accepts the token or key, and store it only then'
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;models;auth;list'= {
            cand --provider 'Only credentials of this provider'
            cand --agent 'Agent whose credentials are meant [default: the configured default agent, else main]'
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;models;auth;order'= {
            cand --agent 'Agent whose credentials are meant [default: the configured default agent, else main]'
            cand -h 'Print help'
            cand --help 'Print help'
            cand get 'Show the order that counts, and where it comes from'
            cand set 'Set this agent''s own order; credentials it does not name are not used'
            cand clear 'Drop this agent''s own order, so that the config''s or the usual one counts'
        }
        &'fased;models;auth;order;get'= {
            cand --provider 'Provider whose order is meant'
            cand --agent 'Agent whose credentials are meant [default: the configured default agent, else main]'
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;models;auth;order;set'= {
            cand --provider 'Provider whose order is meant'
            cand --agent 'Agent whose credentials are meant [default: the configured default agent, else main]'
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;models;auth;order;clear'= {
            cand --provider 'Provider whose order is meant'
            cand --agent 'Agent whose credentials are meant [default: the configured default agent, else main]'
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;models;auth;cooldown'= {
            cand --agent 'Agent whose credentials are meant [default: the configured default agent, else main]'
            cand -h 'Print help'
            cand --help 'Print help'
            cand list 'List credentials that are left alone or disabled, until when, and why'
            cand clear 'Forget cooldowns and failures, so that credentials are tried again at once'
        }
        &'fased;models;auth;cooldown;list'= {
            cand --agent 'Agent whose credentials are meant [default: the configured default agent, else main]'
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;models;auth;cooldown;clear'= {
            cand --agent 'Agent whose credentials are meant [default: the configured default agent, else main]'
            cand --all 'Clear every profile, but not those whose key was revoked or disabled'
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;models;auth;remove'= {
            cand --agent 'Agent whose credentials are meant [default: the configured default agent, else main]'
            cand --yes 'Remove it without asking'
            cand --json 'Answer with one JSON document; needs --yes'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;models;auth;rename'= {
            cand --agent 'Agent whose credentials are meant [default: the configured default agent, else main]'
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;models;auth;import'= {
            cand --from 'Whose credentials are meant'
            cand --path 'Where they are, when that is not the usual place'
            cand --from-agent 'Agent of the other state directory [default: its default agent]'
            cand --profile 'The one that is meant: a profile id of the other store, or the name of an Anthropic profile'
            cand --profile-id 'Id a reference is stored under [default: anthropic:claude-code, anthropic:NAME, anthropic:federation]'
            cand --agent 'Agent whose credentials are meant [default: the configured default agent, else main]'
            cand --replace 'Let a credential with the id of one that arrives be lost'
            cand --dry-run 'Say what would happen and write nothing'
            cand --json 'Answer with one JSON document'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fased;models;auth;export'= {
            cand --to 'Who is to read it'
            cand --profile 'The credential: a sign-in or a token; the format has no place for API keys'
            cand --name 'Name of the profile there'
            cand --agent 'Agent whose credentials are meant [default: the configured default agent, else main]'
            cand --force 'Let a profile of that name that was not exported from here be lost'
            cand --json 'Answer with one JSON document'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fased;models;auth;token'= {
            cand --profile 'The credential [default: the one the next request would use]'
            cand --provider 'Whose credential'
            cand --agent 'Agent whose credentials are meant [default: the configured default agent, else main]'
            cand --header 'As the header that carries it'
            cand --env 'As a line for a shell that exports the variable Anthropic''s SDKs read'
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;agents'= {
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
            cand list 'Show the agents: their models, directories, and the credential each would use now'
            cand add 'Add an agent; it inherits no credentials'
            cand remove 'Remove an agent from the config; its files stay unless --purge is given'
            cand default 'Show which agent commands mean without --agent, or choose it'
            cand models 'The same as `fased models ... --agent`, for scripts written for the TypeScript program'
        }
        &'fased;agents;list'= {
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;agents;add'= {
            cand --model 'Model it asks first [default: that of all agents]'
            cand --agent-dir 'Directory of its credentials: absolute, or beginning with ~/ [default: below the state directory]'
            cand --copy-auth-from 'Copy another agent''s keys, tokens and references; sign-ins are named instead'
            cand --default 'Make it the agent commands mean without --agent'
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;agents;remove'= {
            cand --default 'Agent that becomes the default; needed to remove the one that is'
            cand -y 'Do not ask'
            cand --yes 'Do not ask'
            cand --purge 'Delete its directory, too: credentials and sessions'
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;agents;default'= {
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;agents;models'= {
            cand -h 'Print help'
            cand --help 'Print help'
            cand set 'Choose models of an agent'
        }
        &'fased;agents;models;set'= {
            cand --agent 'Agent whose models they are'
            cand --primary 'Model it asks first'
            cand --fallback 'Model it asks when that one cannot answer; may be given several times'
            cand --cheap-check 'Model for quick checks'
            cand --strong 'Model for hard questions'
            cand --escalation 'Model for what the others could not do'
            cand --coding 'Model for programming'
            cand --summarizer 'Model for summaries'
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;chat'= {
            cand --model 'Model to ask, as `provider/model`, an alias, or either with `@profile`; `default` is the agent''s'
            cand --role 'Ask the agent''s model for this work: cheap-check, strong, escalation, coding or summarizer'
            cand --agent 'Agent to ask for [default: the configured default agent, else main]'
            cand --session 'Session to go on with, or to begin under this name [default: a new one]'
            cand --image 'Image that goes with the question: PNG, JPEG, GIF or WebP, at most 5 MiB; may be given several times'
            cand --file 'Text file that goes with the question, at most 4 MiB; may be given several times'
            cand --system 'System prompt'
            cand --max-tokens 'Longest answer, in tokens [default: what the config says, else 8192]'
            cand --retries 'How often the same is tried again after a failure that passes by itself'
            cand --list 'List the agent''s sessions and ask nothing'
            cand --json 'Answer with one JSON document: text, session and receipt'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;cache'= {
            cand -h 'Print help'
            cand --help 'Print help'
            cand explain 'Show what the prompt cache did for a session, and why it did not do more; opens no connection'
        }
        &'fased;cache;explain'= {
            cand --agent 'Agent whose session it is [default: the configured default agent, else main]'
            cand --turns 'How many turns to show, counted from the last one'
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;usage'= {
            cand --since 'Where the period begins [default: 30d]'
            cand --until 'Where it ends, that day included [default: now]'
            cand --by 'What requests are put together by'
            cand --agent 'One agent alone, also one that is no longer configured [default: all of them]'
            cand --json 'Answer with one JSON document'
            cand --csv 'Answer with comma-separated values under a heading'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'fased;config'= {
            cand -h 'Print help'
            cand --help 'Print help'
            cand path 'Print where the config is'
            cand get 'Print a value of the config; secrets are masked'
            cand set 'Set a value; every other byte of the file stays as it is'
            cand unset 'Remove a value with its key'
            cand validate 'Check the config: its form, its values, and keys nobody reads'
            cand schema 'Print the JSON Schema of the config, for editors'
        }
        &'fased;config;path'= {
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;config;get'= {
            cand --unredacted 'Print secrets as they stand there'
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;config;set'= {
            cand --stdin 'Read the value from standard input, where no other program can see it'
            cand --strict-json 'Refuse a value that is no JSON5 instead of taking it for a text'
            cand --strict 'Refuse keys nobody reads'
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;config;unset'= {
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;config;validate'= {
            cand --strict 'Fail on keys nobody reads as well'
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;config;schema'= {
            cand --json 'Answer with one JSON document that has the schema in it'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;gateway'= {
            cand --port 'Port to listen on; 0 takes a free one [default: FASED_GATEWAY_PORT, gateway.port, 18789]'
            cand --bind 'Address to listen on; any but this machine''s own opens the gateway to other machines, unencrypted'
            cand --json 'Announce the address as one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
            cand status 'Say whether the gateway runs, where, and how it is'
            cand keys 'Make, show and take away the keys of programs that use the gateway'
            cand check 'Test any gateway against what Anthropic''s clients demand of one'
            cand service 'Print a systemd unit that runs the gateway for this user'
        }
        &'fased;gateway;status'= {
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;gateway;keys'= {
            cand -h 'Print help'
            cand --help 'Print help'
            cand add 'Make a key for a program that uses the Messages API through the gateway'
            cand list 'Show the keys, with what each may spend and has spent'
            cand revoke 'Take a key away; it stops working at once'
        }
        &'fased;gateway;keys;add'= {
            cand --agent 'The agent whose credentials it uses [default: the configured default agent]'
            cand --model 'A model it may ask; repeat it for more [default: all]'
            cand --cap-daily 'The most it may spend in a day'
            cand --cap-weekly 'The most it may spend in a week'
            cand --cap-monthly 'The most it may spend in a month'
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;gateway;keys;list'= {
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;gateway;keys;revoke'= {
            cand --yes 'Do not ask'
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;gateway;check'= {
            cand --key 'Key of a client'
            cand --model 'Model to ask, by its id; the cheapest one listed when left out'
            cand --sandbox 'Base URL of the sandbox that is the gateway''s upstream'
            cand --key-stdin 'Read the key from standard input'
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;gateway;service'= {
            cand --port 'Port to listen on, written into the unit'
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;dashboard'= {
            cand --no-browser 'Print the link and open nothing'
            cand --json 'Answer with one JSON document; implies --no-browser'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;doctor'= {
            cand --fix 'Mend what needs no decision; what is changed is copied first'
            cand --online 'Also see whether the providers can be reached and the clocks agree; no credential is sent'
            cand --json 'Answer with one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;sandbox'= {
            cand --port 'Port on 127.0.0.1; 0 takes a free one'
            cand --delay-ms 'Wait before each response, in milliseconds'
            cand --event-delay-ms 'Wait between the events of a stream, in milliseconds'
            cand --token-lifetime-s 'Lifetime of its access tokens, in seconds'
            cand --json 'Announce the address as one JSON document'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;demo'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'fased;completion'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
    ]
    $completions[$command]
}
