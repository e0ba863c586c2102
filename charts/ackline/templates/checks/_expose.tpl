{{- define "ackline.check.expose" -}}
{{- $isBalanced := or .Values.expose.ingress.enabled .Values.expose.httpRoute.enabled (eq .Values.ingress.service.type "LoadBalancer") }}
{{- if and $isBalanced (lt (int .Values.ingress.drainWaitSeconds) 5) }}
ingress.drainWaitSeconds is {{ .Values.ingress.drainWaitSeconds }}, and what is in front of the ingress notices only after seconds that a pod ends, whose port would be closed by then: set it to 5 or more.
{{- end }}
{{- $sources := list }}
{{- range (.Values.config | default dict).sources }}{{ $sources = append $sources (toString .path) }}{{ end }}
{{- with .Values.expose }}
{{- range $way, $paths := dict "ingress" .ingress.paths "httpRoute" .httpRoute.paths }}
{{- $values := get $.Values.expose $way }}
{{- /* A way in that rewrites paths is one that the chart can not follow. */}}
{{- $isRewritten := or $values.filters (contains "rewrite" (toJson $values.annotations)) }}
{{- if and $values.enabled $sources (not $isRewritten) }}
{{- $reached := list }}
{{- range $source := $sources }}
{{- range $path := $paths }}
{{- if hasPrefix (printf "%s/" (trimSuffix "/" $path)) (printf "%s/" $source) }}{{ $reached = append $reached $source }}{{ end }}
{{- end }}
{{- end }}
{{- if not $reached }}
expose.{{ $way }}.paths ({{ join ", " $paths }}) reach no source of config: set prefixes of {{ join ", " $sources }}, or [/].
{{- end }}
{{- end }}
{{- end }}
{{- if and .ingress.enabled (not .ingress.hosts) }}
expose.ingress.hosts is empty: name the hosts that providers call.
{{- end }}
{{- if and .httpRoute.enabled (not .httpRoute.parentRefs) }}
expose.httpRoute.parentRefs is empty: name the Gateway, as [{ name: …, namespace: … }].
{{- end }}
{{- with .httpRoute.requestTimeout }}
{{- $least := include "ackline.longestRequestMs" $ | int64 }}
{{- $limit := include "ackline.milliseconds" . | int64 }}
{{- /* 0s is no limit. */}}
{{- if and (gt $limit 0) (lt $limit $least) }}
expose.httpRoute.requestTimeout is {{ . }}, and a request may take {{ div (add $least 999) 1000 }} s and get its 200: set {{ div (add $least 2999) 1000 }}s or more, or leave it empty.
{{- end }}
{{- end }}
{{- end }}
{{- end }}
