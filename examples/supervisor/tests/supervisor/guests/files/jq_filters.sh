echo '{"a": [1, 2, {"b": null}]}' >j
jq -c '.a[2], (.a | length)' j
jq . <j >k
jq -c . j k
jq . none || echo $?
