# SPDX-License-Identifier: GPL-3.0-or-later
# Completion of trapkit for bash. Made by 'make docs' from the option rows: change those.

_trapkit_takes_value() {
	case $1 in
		--config | \
		--settings-dir | \
		--project | \
		--set | \
		--jobs | -j | \
		--work-dir | \
		--wait-lock | \
		--progress | \
		--color | \
		--verbosity | \
		--logfile | \
		--log-format | \
		--print-completion | \
		--template | \
		--ca-file | \
		--timeout | \
		--retries | \
		--max-runtime | \
		--output-path | \
		--resize | \
		--quality | \
		--video | \
		--blur | \
		--blur-threshold | \
		--detections | \
		--data-path | \
		--collection | \
		--image-extensions | \
		--video-extensions | \
		--timezone | \
		--output | -o | \
		--repeat-count | \
		--shard | \
		--files-from | \
		--threshold | \
		--model | \
		--keep | \
		--image-size | \
		--layout | \
		--compatibility | \
		--device | \
		--threads | \
		--batch | \
		--video-interval | \
		--export-filetype | \
		--private-species | \
		--name | \
		--version-id | \
		--title | \
		--description | \
		--keywords | \
		--deployments | \
		--metadata | \
		--event-interval | \
		--class-threshold | \
		--coordinate-precision | \
		--created | \
		--build-timeout | \
		--export-format | \
		--filter-deployments | \
		--events-count-var | \
		--licenses | \
		--to | \
		--research-project | \
		--time-format | \
		--columns | \
		--merge | \
		--locations | \
		--time-fallback | \
		--split | \
		--package-name | \
		--max-size | \
		--wait | \
		--parallel | \
		--limit-rate | \
		--profiles | \
		--registered | \
		--ids | \
		--location-path | \
		--location-id | \
		--reports-since | \
		--overlap | \
		--device-fields | \
		--base-url | \
		--database | \
		--format | \
		--table | \
		--since-run | \
		--alert | \
		--repeat-after | \
		--on-alert | \
		--every | \
		--file-yaml | \
		--file-zip | \
		--verify | \
		--most | \
		--repair) return 0 ;;
	esac
	return 1
}

# Sets words, options, values and kind for $command, $sub and the word before.
_trapkit_rows() {
	case $command/$sub in
	/*)
		words='config convert detect export helpers package pipeline profile report template traplinked-sync upload validate help'
		;;
	config/)
		words='show check list path get set edit '
		options=' --init --template --overwrite'
		case $1 in
		--template) kind=files ;;
		esac
		;;
	config/show)
		words=''
		options=' --origin --init --template --overwrite'
		case $1 in
		--template) kind=files ;;
		esac
		;;
	config/check)
		words=''
		options=' --online --verify-ssl --no-verify-ssl --ca-file --timeout --retries --max-runtime --init --template --overwrite'
		case $1 in
		--ca-file) kind=files ;;
		--timeout) kind=nothing ;;
		--retries) kind=nothing ;;
		--max-runtime) kind=nothing ;;
		--template) kind=files ;;
		esac
		;;
	config/list)
		words=''
		options=' --init --template --overwrite'
		case $1 in
		--template) kind=files ;;
		esac
		;;
	config/path)
		words=''
		options=' --init --template --overwrite'
		case $1 in
		--template) kind=files ;;
		esac
		;;
	config/get)
		words=''
		options=' --reveal --init --template --overwrite'
		case $1 in
		--template) kind=files ;;
		esac
		;;
	config/set)
		words=''
		options=' --init --template --overwrite'
		case $1 in
		--template) kind=files ;;
		esac
		;;
	config/edit)
		words=''
		options=' --init --template --overwrite'
		case $1 in
		--template) kind=files ;;
		esac
		;;
	convert/)
		words=''
		options=' --output-path --overwrite --strict --resize --quality --video --blur --blur-threshold --detections --data-path --collection --image-extensions --video-extensions --timezone --ignore-dst'
		case $1 in
		--output-path) kind=folders ;;
		--resize) kind=nothing ;;
		--quality) kind=nothing ;;
		--video) kind=words values='mp4 webm off' ;;
		--blur) kind=words values='human vehicle none' ;;
		--blur-threshold) kind=nothing ;;
		--detections) kind=files ;;
		--data-path) kind=folders ;;
		--collection) kind=nothing ;;
		--image-extensions) kind=nothing ;;
		--video-extensions) kind=nothing ;;
		--timezone) kind=nothing ;;
		esac
		;;
	detect/)
		words=''
		options=' --data-path --collection --output --info --merge --summary --repeats --repeat-count --exclude-repeats --shard --overwrite --files-from --null --threshold --model --keep --image-size --layout --compatibility --device --threads --batch --video-interval --resume --no-resume --retry-failed'
		case $1 in
		--data-path) kind=folders ;;
		--collection) kind=nothing ;;
		--output | -o) kind=files ;;
		--repeat-count) kind=nothing ;;
		--shard) kind=nothing ;;
		--files-from) kind=files ;;
		--threshold) kind=nothing ;;
		--model) kind=files ;;
		--keep) kind=nothing ;;
		--image-size) kind=nothing ;;
		--layout) kind=words values='auto yolov5 ultralytics end-to-end rtdetr rtdetr-top rtdetr-v2' ;;
		--compatibility) kind=words values='classic modern' ;;
		--device) kind=words values='auto cpu cuda' ;;
		--threads) kind=nothing ;;
		--batch) kind=nothing ;;
		--video-interval) kind=nothing ;;
		esac
		;;
	export/)
		words=''
		options=' --output --overwrite --local --export-filetype --exclude-blank --private-human --no-private-human --private-vehicle --no-private-vehicle --private-species --name --version-id --title --description --keywords --data-path --collection --deployments --detections --metadata --init-metadata --event-interval --threshold --class-threshold --exclude-human --coordinate-precision --copy-media --link-media --media --no-media --created --extract --verify --no-verify --build-timeout --clear-cache --release --get-released --export-format --approved-only --no-approved-only --all-deployments --no-all-deployments --filter-deployments --include-events --events-count-var --trapper-url-token --no-trapper-url-token --licenses --timezone --ignore-dst --verify-ssl --no-verify-ssl --ca-file --timeout --retries --max-runtime'
		case $1 in
		--output) kind=files ;;
		--export-filetype) kind=nothing ;;
		--private-species) kind=nothing ;;
		--name) kind=nothing ;;
		--version-id) kind=nothing ;;
		--title) kind=nothing ;;
		--description) kind=nothing ;;
		--keywords) kind=nothing ;;
		--data-path) kind=folders ;;
		--collection) kind=nothing ;;
		--deployments) kind=files ;;
		--detections) kind=nothing ;;
		--metadata) kind=files ;;
		--event-interval) kind=nothing ;;
		--threshold) kind=nothing ;;
		--class-threshold) kind=nothing ;;
		--coordinate-precision) kind=nothing ;;
		--created) kind=nothing ;;
		--build-timeout) kind=nothing ;;
		--export-format) kind=words values='camtrapdp trapper' ;;
		--filter-deployments) kind=nothing ;;
		--events-count-var) kind=nothing ;;
		--licenses) kind=nothing ;;
		--timezone) kind=nothing ;;
		--ca-file) kind=files ;;
		--timeout) kind=nothing ;;
		--retries) kind=nothing ;;
		--max-runtime) kind=nothing ;;
		esac
		;;
	helpers/)
		words='test_external_tools test_connection research_projects classification_projects locations deployments template '
		options=''
		case $1 in
		esac
		;;
	helpers/test_external_tools)
		words=''
		options=''
		case $1 in
		esac
		;;
	helpers/test_connection)
		words=''
		options=' --to --insecure-ftp --project-id --timeout --retries --max-runtime'
		case $1 in
		--to) kind=nothing ;;
		--project-id) kind=nothing ;;
		--timeout) kind=nothing ;;
		--retries) kind=nothing ;;
		--max-runtime) kind=nothing ;;
		esac
		;;
	helpers/research_projects)
		words=''
		options=' --csv --verify-ssl --no-verify-ssl --ca-file --timeout --retries --max-runtime'
		case $1 in
		--ca-file) kind=files ;;
		--timeout) kind=nothing ;;
		--retries) kind=nothing ;;
		--max-runtime) kind=nothing ;;
		esac
		;;
	helpers/classification_projects)
		words=''
		options=' --csv --verify-ssl --no-verify-ssl --ca-file --timeout --retries --max-runtime'
		case $1 in
		--ca-file) kind=files ;;
		--timeout) kind=nothing ;;
		--retries) kind=nothing ;;
		--max-runtime) kind=nothing ;;
		esac
		;;
	helpers/locations)
		words=''
		options=' --csv --research-project --verify-ssl --no-verify-ssl --ca-file --timeout --retries --max-runtime'
		case $1 in
		--research-project) kind=nothing ;;
		--ca-file) kind=files ;;
		--timeout) kind=nothing ;;
		--retries) kind=nothing ;;
		--max-runtime) kind=nothing ;;
		esac
		;;
	helpers/deployments)
		words=''
		options=' --csv --research-project --verify-ssl --no-verify-ssl --ca-file --timeout --retries --max-runtime'
		case $1 in
		--research-project) kind=nothing ;;
		--ca-file) kind=files ;;
		--timeout) kind=nothing ;;
		--retries) kind=nothing ;;
		--max-runtime) kind=nothing ;;
		esac
		;;
	helpers/template)
		words=''
		options=' --output --time-format --columns --merge --locations --time-fallback --split --overwrite --data-path --collection --timezone --ignore-dst'
		case $1 in
		--output | -o) kind=files ;;
		--time-format) kind=words values='offset naive utc' ;;
		--columns) kind=words values='minimal full' ;;
		--merge) kind=files ;;
		--locations) kind=files ;;
		--time-fallback) kind=words values='mtime refuse' ;;
		--split) kind=words values='size deployment collection camera' ;;
		--data-path) kind=folders ;;
		--collection) kind=nothing ;;
		--timezone) kind=nothing ;;
		esac
		;;
	package/)
		words=''
		options=' --output-path --package-name --max-size --split --validate --no-validate --originals --slug --no-slug --time-fallback --skip-damaged --verify --overwrite --again --image-extensions --video-extensions --data-path --collection --exclude-blank --detections --threshold --timezone --ignore-dst --project-id --verify-ssl --no-verify-ssl --ca-file --timeout --retries --max-runtime'
		case $1 in
		--output-path) kind=folders ;;
		--package-name) kind=nothing ;;
		--max-size) kind=nothing ;;
		--split) kind=words values='size deployment collection camera' ;;
		--time-fallback) kind=words values='mtime refuse' ;;
		--image-extensions) kind=nothing ;;
		--video-extensions) kind=nothing ;;
		--data-path) kind=folders ;;
		--collection) kind=nothing ;;
		--detections) kind=files ;;
		--threshold) kind=nothing ;;
		--timezone) kind=nothing ;;
		--project-id) kind=nothing ;;
		--ca-file) kind=files ;;
		--timeout) kind=nothing ;;
		--retries) kind=nothing ;;
		--max-runtime) kind=nothing ;;
		esac
		;;
	pipeline/)
		words=''
		options=' --convert --detect --data-path --collection --output-path --package-name --max-size --split --validate --no-validate --originals --slug --no-slug --time-fallback --skip-damaged --verify --overwrite --again --image-extensions --video-extensions --resize --quality --video --exclude-blank --detections --blur --blur-threshold --threshold --model --keep --image-size --layout --compatibility --device --threads --batch --video-interval --resume --no-resume --retry-failed --timezone --ignore-dst --project-id --to --insecure-ftp --trigger --force-trigger --remove-zip --wait --parallel --limit-rate --timeout --retries --max-runtime'
		case $1 in
		--data-path) kind=folders ;;
		--collection) kind=nothing ;;
		--output-path) kind=folders ;;
		--package-name) kind=nothing ;;
		--max-size) kind=nothing ;;
		--split) kind=words values='size deployment collection camera' ;;
		--time-fallback) kind=words values='mtime refuse' ;;
		--image-extensions) kind=nothing ;;
		--video-extensions) kind=nothing ;;
		--resize) kind=nothing ;;
		--quality) kind=nothing ;;
		--video) kind=words values='mp4 webm off' ;;
		--detections) kind=files ;;
		--blur) kind=words values='human vehicle none' ;;
		--blur-threshold) kind=nothing ;;
		--threshold) kind=nothing ;;
		--model) kind=files ;;
		--keep) kind=nothing ;;
		--image-size) kind=nothing ;;
		--layout) kind=words values='auto yolov5 ultralytics end-to-end rtdetr rtdetr-top rtdetr-v2' ;;
		--compatibility) kind=words values='classic modern' ;;
		--device) kind=words values='auto cpu cuda' ;;
		--threads) kind=nothing ;;
		--batch) kind=nothing ;;
		--video-interval) kind=nothing ;;
		--timezone) kind=nothing ;;
		--project-id) kind=nothing ;;
		--to) kind=nothing ;;
		--wait) kind=nothing ;;
		--parallel) kind=nothing ;;
		--limit-rate) kind=nothing ;;
		--timeout) kind=nothing ;;
		--retries) kind=nothing ;;
		--max-runtime) kind=nothing ;;
		esac
		;;
	profile/)
		words='list show check report draft '
		options=''
		case $1 in
		esac
		;;
	profile/list)
		words=''
		options=' --profiles'
		case $1 in
		--profiles) kind=folders ;;
		esac
		;;
	profile/show)
		words=''
		options=' --profiles'
		case $1 in
		--profiles) kind=folders ;;
		esac
		;;
	profile/check)
		words=''
		options=' --files-from --null --registered --csv --profiles --timezone --ignore-dst'
		case $1 in
		--files-from) kind=files ;;
		--registered) kind=files ;;
		--profiles) kind=folders ;;
		--timezone) kind=nothing ;;
		esac
		;;
	profile/report)
		words=''
		options=' --fleet --convert --files-from --null --registered --csv'
		case $1 in
		--files-from) kind=files ;;
		--registered) kind=files ;;
		esac
		;;
	profile/draft)
		words=''
		options=''
		case $1 in
		esac
		;;
	report/)
		words=''
		options=' --output --locations --detections --overwrite --data-path --collection --timezone --ignore-dst --image-extensions --video-extensions'
		case $1 in
		--output | -o) kind=files ;;
		--locations) kind=files ;;
		--detections) kind=files ;;
		--data-path) kind=folders ;;
		--collection) kind=nothing ;;
		--timezone) kind=nothing ;;
		--image-extensions) kind=nothing ;;
		--video-extensions) kind=nothing ;;
		esac
		;;
	template/)
		words=''
		options=' --output --time-format --columns --merge --locations --time-fallback --split --overwrite --data-path --collection --timezone --ignore-dst'
		case $1 in
		--output | -o) kind=files ;;
		--time-format) kind=words values='offset naive utc' ;;
		--columns) kind=words values='minimal full' ;;
		--merge) kind=files ;;
		--locations) kind=files ;;
		--time-fallback) kind=words values='mtime refuse' ;;
		--split) kind=words values='size deployment collection camera' ;;
		--data-path) kind=folders ;;
		--collection) kind=nothing ;;
		--timezone) kind=nothing ;;
		esac
		;;
	traplinked-sync/)
		words=''
		options=' --ids --location-path --location-id --include-sublocations --reports-since --overlap --device-fields --network-devices --fetch --no-fetch --base-url --database --output --format --table --since-run --overwrite --alert --repeat-after --on-alert --check --every --verify-ssl --no-verify-ssl --ca-file --timeout --retries --max-runtime'
		case $1 in
		--ids) kind=nothing ;;
		--location-path) kind=nothing ;;
		--location-id) kind=nothing ;;
		--reports-since) kind=nothing ;;
		--overlap) kind=nothing ;;
		--device-fields) kind=nothing ;;
		--base-url) kind=nothing ;;
		--database) kind=files ;;
		--output | -o) kind=files ;;
		--format) kind=words values='table json csv geojson jsonl' ;;
		--table) kind=words values='devices reports history locations network-devices runs alerts' ;;
		--since-run) kind=nothing ;;
		--alert) kind=nothing ;;
		--repeat-after) kind=nothing ;;
		--on-alert) kind=nothing ;;
		--every) kind=nothing ;;
		--ca-file) kind=files ;;
		--timeout) kind=nothing ;;
		--retries) kind=nothing ;;
		--max-runtime) kind=nothing ;;
		esac
		;;
	upload/)
		words=''
		options=' --file-yaml --file-zip --data-path --overwrite --again --camera --verify --plain-stor --files-from --null --registered --profiles --timezone --ignore-dst --to --insecure-ftp --trigger --force-trigger --remove-zip --wait --parallel --limit-rate --timeout --retries --max-runtime'
		case $1 in
		--file-yaml) kind=nothing ;;
		--file-zip) kind=nothing ;;
		--data-path) kind=folders ;;
		--verify) kind=nothing ;;
		--files-from) kind=files ;;
		--registered) kind=files ;;
		--profiles) kind=folders ;;
		--timezone) kind=nothing ;;
		--to) kind=nothing ;;
		--wait) kind=nothing ;;
		--parallel) kind=nothing ;;
		--limit-rate) kind=nothing ;;
		--timeout) kind=nothing ;;
		--retries) kind=nothing ;;
		--max-runtime) kind=nothing ;;
		esac
		;;
	validate/)
		words=''
		options=' --strict --check-media --most --repair --overwrite --files-from --null'
		case $1 in
		--most) kind=nothing ;;
		--repair) kind=files ;;
		--files-from) kind=files ;;
		esac
		;;
	help/*) words='config convert detect export helpers package pipeline profile report template traplinked-sync upload validate ' ;;
	esac
	options+=' --config --settings-dir --project --set --env-file --dry-run --jobs --work-dir --wait-lock --fail-fast --no-input --json --progress --color --no-color --verbosity --verbose --quiet --logfile --log-format --help --version'
	[[ -n $kind ]] && return
	case $1 in
		--config) kind=files ;;
		--settings-dir) kind=folders ;;
		--project) kind=nothing ;;
		--set) kind=nothing ;;
		--jobs | -j) kind=nothing ;;
		--work-dir) kind=folders ;;
		--wait-lock) kind=nothing ;;
		--progress) kind=words values='auto always never json' ;;
		--color) kind=words values='auto always never' ;;
		--verbosity) kind=nothing ;;
		--logfile) kind=files ;;
		--log-format) kind=words values='text json' ;;
	esac
}

_trapkit() {
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
	local command='' sub='' words='' options='' values='' kind='' word i

	# bash takes --option=value apart at the sign.
	if [[ $current == '=' ]]; then
		current=''
	elif [[ $previous == '=' ]]; then
		previous=${COMP_WORDS[COMP_CWORD-2]}
	fi
	word=${COMP_WORDS[0]##*/}
	[[ $word == trapkit-* ]] && command=${word#trapkit-}
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ $word == '=' ]]; then
			((i++))
		elif [[ $word == -* ]]; then
			[[ ${COMP_WORDS[i+1]} != '=' ]] && _trapkit_takes_value "$word" && ((i++))
		elif [[ -z $command ]]; then
			command=$word
		elif [[ -z $sub ]]; then
			sub=$word
		fi
	done
	_trapkit_rows "$previous"
	COMPREPLY=()
	case $kind in
	words) mapfile -t COMPREPLY < <(compgen -W "$values" -- "$current") ;;
	folders)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -d -- "$current")
		;;
	nothing) ;;
	*)
		if [[ $current == -* && -z $kind ]]; then
			mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
		elif [[ -n $words && -z $sub && -z $kind ]]; then
			mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
		else
			compopt -o filenames 2>/dev/null
			mapfile -t COMPREPLY < <(compgen -f -- "$current")
		fi
		;;
	esac
}

complete -F _trapkit trapkit trapper-tools trapkit-config trapkit-convert trapkit-detect trapkit-export trapkit-helpers trapkit-package trapkit-pipeline trapkit-profile trapkit-report trapkit-template trapkit-traplinked-sync trapkit-upload trapkit-validate
