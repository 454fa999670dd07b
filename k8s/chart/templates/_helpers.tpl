{{/* 32 for an IPv4 address, 128 for an IPv6 address, otherwise nothing. */}}
{{- define "ratings.addressBits" -}}
{{- $octet := "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])" }}
{{- $hex := "[0-9A-Fa-f]{1,4}" }}
{{- $compressed := printf "^((%s:)*%s)?::((%s:)*%s)?$" $hex $hex $hex $hex }}
{{- if regexMatch (printf "^(%s[.]){3}%s$" $octet $octet) . }}32
{{- else if regexMatch (printf "^(%s:){7}%s$" $hex $hex) . }}128
{{- else if and (regexMatch $compressed .) (lt (len (compact (splitList ":" .))) 8) }}128
{{- end }}
{{- end }}

{{/* The database's addresses, or its ranges, as JSON: a list of CIDRs. */}}
{{- define "ratings.cidrs" -}}
{{- $range := eq .Values.egress.mode "range" }}
{{- $name := ternary "ranges" "addresses" $range }}
{{- $cidrs := list }}
{{- range get .Values.egress $name }}
{{- $ip := splitList "/" . | first }}
{{- $bits := include "ratings.addressBits" $ip }}
{{- $prefix := trimPrefix $ip . | default (print "/" $bits) }}
{{- $length := trimPrefix "/" $prefix | int }}
{{- if or (not $bits) (not (regexMatch "^/(0|[1-9][0-9]{0,2})$" $prefix)) (gt $length (int $bits)) }}
{{- fail (printf "egress.%s: %q is not an IP address%s" $name . (ternary " or CIDR range" "" $range)) }}
{{- else if regexMatch "^(192[.]0[.]2|198[.]51[.]100|203[.]0[.]113)[.]|^2001:0?db8:" (lower $ip) }}
{{- fail (printf "egress.%s: %q is an example from a documentation; enter the database's" $name .) }}
{{- else if regexMatch "^(0[.]0[.]0[.]0|[0:]+)$" $ip }}
{{- fail (printf "egress.%s: %q would open the port to every address" $name .) }}
{{- else if lt $length (ternary 8 (int $bits) $range) }}
{{- fail (printf "egress.%s: %q is too wide%s" $name . (ternary ": at least /8" "; use egress.mode=range" $range)) }}
{{- end }}
{{- $cidrs = append $cidrs (print $ip $prefix) }}
{{- end }}
{{- if not $cidrs }}
{{- fail (printf "egress.%s is empty: egress.mode=%s opens the mesh to these only" $name .Values.egress.mode) }}
{{- end }}
{{- toJson $cidrs }}
{{- end }}

{{/* Fails for values of "database" that the schema permits but that cannot work. Never shows the password. */}}
{{- define "ratings.validateDatabase" -}}
{{- $database := .Values.database }}
{{- $host := $database.host }}
{{- $label := "[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?" }}
{{- $labels := regexMatch (printf "^(%s[.])*%s[.]?$" $label $label) $host }}
{{- $isName := and $labels (regexMatch "[A-Za-z][^.]*[.]?$" $host) }}
{{- if not (or (not $host) $isName (include "ratings.addressBits" $host)) }}
{{- fail (printf "database.host: %q is not a DNS name or IP address; it has no scheme, port, quotes or spaces" $host) }}
{{- else if and (eq .Values.egress.mode "name") (not $isName) }}
{{- fail (printf "database.host: egress.mode=name needs a DNS name, not %q" $host) }}
{{- else if and $database.existingSecret (or $database.user $database.password) }}
{{- fail "database: existingSecret excludes user and password" }}
{{- else if ne (not $database.user) (not $database.password) }}
{{- fail "database: user and password belong together, and neither may be empty" }}
{{- else if ne $database.password (trim $database.password) }}
{{- fail "database.password: begins or ends with white space" }}
{{- else if and $database.user (not $host) }}
{{- fail "database.host is missing: it belongs to user and password" }}
{{- else if and $database.trustStore.existingSecret (has $database.sslMode (list "DISABLED" "PREFERRED" "REQUIRED")) }}
{{- fail "database.trustStore: only sslMode VERIFY_CA and VERIFY_IDENTITY use it" }}
{{- end }}
{{- end }}

{{- define "ratings.egressGatewaySelector" -}}
{{ .Values.egress.gateway.selector | default (dict "istio" "egressgateway") | toJson }}
{{- end }}

{{/* The fixed labels and those of the user's. */}}
{{- define "ratings.labels" -}}
{{ merge (dict "app" "ratings" "version" "v2-mysql") . | toJson }}
{{- end }}

{{/* The hosts to route and their versions, as JSON. Without Bookinfo there are no reviews. */}}
{{- define "ratings.routes" -}}
{"ratings": "v2-mysql"{{ if not .Values.service.enabled }}, "reviews": "v3"{{ end }}}
{{- end }}
