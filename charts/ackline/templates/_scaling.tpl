{{/* Counts, metrics and behaviour of a HorizontalPodAutoscaler. component; scaling: its autoscaling. */}}
{{- define "ackline.hpaScale" -}}
{{- $container := .component -}}
{{- with .scaling -}}
minReplicas: {{ .minReplicas }}
maxReplicas: {{ .maxReplicas }}
metrics:
  # Of the program alone: a sidecar that idles would halve what is seen of it.
  - type: ContainerResource
    containerResource:
      name: cpu
      container: {{ $container }}
      target: { type: Utilization, averageUtilization: {{ .targetCPU }} }
  {{- with .metrics }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
behavior:
  {{- toYaml .behavior | nindent 2 }}
{{- end }}
{{- end }}

{{/* What holds up evictions: nodes are drained pod by pod. root, component, values. */}}
{{- define "ackline.pdb" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
{{ include "ackline.metadata" (dict "root" .root "component" .component "name" (printf "%s-%s" (include "ackline.fullname" .root) .component)) }}
spec:
  maxUnavailable: {{ .values.pdb.maxUnavailable }}
  # A pod that is not ready holds up nothing: else a node could not be drained while Kafka and PostgreSQL are away.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "ackline.selectorLabels" . | nindent 6 }}
{{- end }}
