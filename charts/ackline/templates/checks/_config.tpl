{{/* What `ackline check` can not know: where the file comes from, and what stands in front of the ingress. The file itself it tries better. */}}
{{- define "ackline.check.config" -}}
{{- $values := .Values }}
{{- $config := .Values.config | default dict }}
{{- $exposed := or $values.expose.ingress.enabled $values.expose.httpRoute.enabled }}
{{- if and $config $values.existingConfigMap }}
config and existingConfigMap are both set: take one of them away.
{{- end }}
{{- if not (or $config $values.existingConfigMap) }}
config is empty: it is ackline.yaml, with one source at least; or name a ConfigMap that has ackline.yaml in existingConfigMap.
{{- end }}
{{- if and $values.existingConfigMap (eq $values.configReload "roll") }}
configReload is roll, but the chart does not see what is in existingConfigMap: set configReload to live, or put the file into config.
{{- end }}
{{- range $source := $config.sources }}
{{- $signed := ($source.options | default dict).signed | toString }}
{{- if and (or (has (toString $source.provider) (list "twilio" "square")) (contains "{url}" $signed)) (not (or $source.publicUrl $config.publicUrl)) }}
source {{ $source.name }} is proven by a signature of the URL that is called: set config.publicUrl to what its provider calls (https://hooks.example.com).
{{- end }}
{{- if and $exposed $source.limit (not $config.trustProxies) }}
{{- if eq (toString ($source.limit.by | default "")) "ip" }}
source {{ $source.name }} has a limit by ip, but behind a proxy every request has the proxy's address: set config.trustProxies to the addresses of your ingress controller.
{{- end }}
{{- end }}
{{- end }}
{{- with $values.tests.sendTo }}
{{- $names := list }}
{{- range $config.sources }}{{ $names = append $names .name }}{{ end }}
{{- if and $config (not (has . $names)) }}
tests.sendTo is {{ . }}, and config has no source of that name: set it to one of {{ join ", " $names }}.
{{- end }}
{{- end }}
{{- end }}
