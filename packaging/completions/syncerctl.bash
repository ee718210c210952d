# bash completion for syncerctl(1)

_syncerctl_workspaces()
{
	syncerctl "$@" workspaces --output json 2>/dev/null | grep -o '"path": *"[^"]*"' | sed 's/.*"\([^"]*\)"$/\1/'
}

_syncerctl()
{
	local cur prev words cword
	_init_completion -n : || return

	local commands='status workspaces restart pause resume loglevel events dump install version'
	local common='--socket --output --help --version'
	local i command='' target='' socket=()

	for ((i = 1; i < cword; i++)); do
		case ${words[i]} in
		--socket | -s)
			socket=(--socket "${words[i + 1]}")
			((i++))
			;;
		--output | -o) ((i++)) ;;
		-*) ;;
		*)
			if [[ -z $command ]]; then
				command=${words[i]}
			elif [[ -z $target ]]; then
				target=${words[i]}
			fi
			;;
		esac
	done

	case $prev in
	--output | -o)
		mapfile -t COMPREPLY < <(compgen -W 'table wide json yaml' -- "$cur")
		return
		;;
	--socket | -s | --output-kubeconfig | --kubeconfig | --cluster-kubeconfig)
		_filedir
		return
		;;
	esac

	if [[ -z $command ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$commands $common" -- "$cur")
		return
	fi

	case $command in
	restart | pause | resume | dump | events)
		if [[ $cur == -* ]]; then
			local more=''
			[[ $command == events ]] && more='--follow'
			mapfile -t COMPREPLY < <(compgen -W "$common $more" -- "$cur")
		elif [[ -z $target ]]; then
			mapfile -t COMPREPLY < <(compgen -W "$(_syncerctl_workspaces "${socket[@]}")" -- "$cur")
			__ltrim_colon_completions "$cur"
		fi
		;;
	loglevel)
		if [[ $cur == -* ]]; then
			mapfile -t COMPREPLY < <(compgen -W "$common" -- "$cur")
		elif [[ -z $target ]]; then
			mapfile -t COMPREPLY < <(compgen -W 'error warning info debug' -- "$cur")
		else
			mapfile -t COMPREPLY < <(compgen -W "$(_syncerctl_workspaces "${socket[@]}")" -- "$cur")
			__ltrim_colon_completions "$cur"
		fi
		;;
	install)
		local own='kcp cluster'
		case $target in
		kcp) own='--workspace --name --export --label --tenant-events --apply --output-kubeconfig --token-ttl --kubeconfig --context' ;;
		cluster) own='--workspace --name --allow-claims --apply --output-kubeconfig --token-ttl --kubeconfig --context --cluster-kubeconfig --cluster-context' ;;
		esac
		mapfile -t COMPREPLY < <(compgen -W "$own $common" -- "$cur")
		;;
	*)
		mapfile -t COMPREPLY < <(compgen -W "$common" -- "$cur")
		;;
	esac
}

complete -F _syncerctl syncerctl
