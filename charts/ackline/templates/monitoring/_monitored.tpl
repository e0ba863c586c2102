{{- define "ackline.monitored" -}}
matchLabels:
  {{- include "ackline.selectorLabels" (dict "root" .) | nindent 2 }}
matchExpressions:
  - { key: app.kubernetes.io/component, operator: In, values: {{ include "ackline.services" . | fromYamlArray | toJson }} }
{{- end }}

{{/* The alerts know Ackline's targets by the job's name, whatever the release is called. Takes pod or service. */}}
{{- define "ackline.jobLabel" -}}
- sourceLabels: [__meta_kubernetes_{{ . }}_label_app_kubernetes_io_component]
  targetLabel: job
  replacement: ackline-$1
{{- end }}
