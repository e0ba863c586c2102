{{/* A probe of liveness ends a pod with all that it has in flight: a pause of it, or a node that is busy, must not. */}}
{{- define "ackline.check.probes" -}}
{{- range $name, $values := dict "console" .Values.console "ingress" .Values.ingress "processor" .Values.processor }}
{{- with $values.probes.liveness }}
{{- $seconds := mul .periodSeconds .failureThreshold }}
{{- if lt (int $seconds) 30 }}
{{ $name }}.probes.liveness ends a pod that has not answered for {{ $seconds }} s, and one that is only busy may take as long: let failureThreshold times periodSeconds be 30 or more.
{{- end }}
{{- end }}
{{- end }}
{{- end }}
