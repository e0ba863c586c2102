{{- define "ackline.check.expose" -}}
{{- with .Values.expose }}
{{- if and .ingress.enabled (not .ingress.hosts) }}
expose.ingress.hosts is empty: name the hosts that providers call.
{{- end }}
{{- if and .httpRoute.enabled (not .httpRoute.parentRefs) }}
expose.httpRoute.parentRefs is empty: name the Gateway, as [{ name: …, namespace: … }].
{{- end }}
{{- with .httpRoute.requestTimeout }}
{{- if and (regexMatch "^[0-9]+s$" .) (lt (trimSuffix "s" . | int) 8) }}
expose.httpRoute.requestTimeout is {{ . }}, and a request may take 8 s and get its 200: set 10s or more, or leave it empty.
{{- end }}
{{- end }}
{{- end }}
{{- end }}
