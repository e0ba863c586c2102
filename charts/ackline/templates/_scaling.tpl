{{/* Counts, metrics and behaviour of a HorizontalPodAutoscaler. Takes the component's autoscaling. */}}
{{- define "ackline.hpaScale" -}}
minReplicas: {{ .minReplicas }}
maxReplicas: {{ .maxReplicas }}
metrics:
  - type: Resource
    resource:
      name: cpu
      target: { type: Utilization, averageUtilization: {{ .targetCPU }} }
  {{- with .metrics }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
behavior:
  {{- toYaml .behavior | nindent 2 }}
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
