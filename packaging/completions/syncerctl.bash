# bash completion for syncerctl(1)

_syncerctl_workspaces()
{
	syncerctl "$@" workspaces --output name 2>/dev/null
}

_syncerctl_names()
{
	syncerctl explain --output name 2>/dev/null
}

_syncerctl()
{
	local cur prev words cword
	_init_completion -n : || return

	local commands='status workspaces top restart approve pause resume cordon uncordon drain loglevel events dump describe explain diagnose orphans release watch-heartbeat install uninstall upgrade version'
	local common='--socket --output --help --version'
	local i command='' target='' second='' socket=()

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
			elif [[ -z $second ]]; then
				second=${words[i]}
			fi
			;;
		esac
	done

	case $prev in
	--sort)
		mapfile -t COMPREPLY < <(compgen -W 'path rate lag memory restarts' -- "$cur")
		return
		;;
	--output | -o)
		mapfile -t COMPREPLY < <(compgen -W 'table wide json yaml name' -- "$cur")
		return
		;;
	--socket | -s | --output-file | --output-dir | --config | --output-kubeconfig | --kubeconfig | --cluster-kubeconfig)
		_filedir
		return
		;;
	esac

	if [[ -z $command ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$commands $common" -- "$cur")
		return
	fi

	case $command in
	restart | approve | pause | resume | dump | events)
		if [[ $cur == -* ]]; then
			local more=''
			[[ $command == events ]] && more='--follow'
			mapfile -t COMPREPLY < <(compgen -W "$common $more" -- "$cur")
		elif [[ -z $target ]]; then
			mapfile -t COMPREPLY < <(compgen -W "$(_syncerctl_workspaces "${socket[@]}")" -- "$cur")
			__ltrim_colon_completions "$cur"
		fi
		;;
	describe)
		if [[ $cur == -* ]]; then
			mapfile -t COMPREPLY < <(compgen -W "$common" -- "$cur")
		elif [[ -z $target ]]; then
			mapfile -t COMPREPLY < <(compgen -W 'workspace object' -- "$cur")
		elif [[ -z $second ]]; then
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
	explain)
		if [[ $cur == -* ]]; then
			mapfile -t COMPREPLY < <(compgen -W "$common" -- "$cur")
		elif [[ -z $target ]]; then
			mapfile -t COMPREPLY < <(compgen -W "$(_syncerctl_names)" -- "$cur")
		fi
		;;
	top)
		mapfile -t COMPREPLY < <(compgen -W "--interval --sort --count --once $common" -- "$cur")
		;;
	drain)
		mapfile -t COMPREPLY < <(compgen -W "--wait --timeout $common" -- "$cur")
		;;
	install)
		local own='kcp cluster'
		case $target in
		kcp) own='--workspace --name --export --prune-exports --tenant-events --label --apply --output-kubeconfig --token-ttl --kubeconfig --context' ;;
		cluster) own='--workspace --name --allow-claims --apply --output-kubeconfig --token-ttl --kubeconfig --context --cluster-kubeconfig --cluster-context' ;;
		esac
		mapfile -t COMPREPLY < <(compgen -W "$own $common" -- "$cur")
		;;
	uninstall)
		local own='kcp cluster'
		case $target in
		kcp) own='--workspace --name --export --timeout --kubeconfig --context' ;;
		cluster) own='--workspace --name --syncer --kubeconfig --context --cluster-kubeconfig --cluster-context' ;;
		esac
		mapfile -t COMPREPLY < <(compgen -W "$own $common" -- "$cur")
		;;
	upgrade)
		local own='check'
		case $target in
		check) own='--config --workspace --name --kubeconfig --context --cluster-kubeconfig --cluster-context' ;;
		esac
		mapfile -t COMPREPLY < <(compgen -W "$own $common" -- "$cur")
		;;
	watch-heartbeat)
		mapfile -t COMPREPLY < <(compgen -W "--workspace --name --all --threshold --interval --kubeconfig --context $common" -- "$cur")
		;;
	orphans)
		local own='--delete --uid --force --kubeconfig --context --cluster-kubeconfig --cluster-context'
		mapfile -t COMPREPLY < <(compgen -W "$own $common" -- "$cur")
		;;
	diagnose)
		mapfile -t COMPREPLY < <(compgen -W "--output-file --output-dir --force --timeout --config $common" -- "$cur")
		;;
	release)
		local own='--target --workspace --all --key --export --force --dry-run --kubeconfig --context'
		mapfile -t COMPREPLY < <(compgen -W "$own $common" -- "$cur")
		;;
	*)
		mapfile -t COMPREPLY < <(compgen -W "$common" -- "$cur")
		;;
	esac
}

complete -F _syncerctl syncerctl
