{{/*
Seconds of lag, the greatest of all processors. `Value`, since a time is not divided by the number of pods: twice the lag wanted asks for
twice the processors. root, metric.
*/}}
{{- define "ackline.lagTrigger" -}}
{{- $scaling := .root.Values.processor.autoscaling -}}
metricType: Value
{{- if $scaling.prometheusAddress }}
type: prometheus
metadata:
  serverAddress: {{ $scaling.prometheusAddress | quote }}
  # Of this release alone, by the labels that a PodMonitor or ServiceMonitor gives.
  query: {{ printf "max(%s{namespace=%q,pod=~%q})" .metric .root.Release.Namespace (printf "%s-processor-.+" (include "ackline.fullname" .root)) | quote }}
  threshold: {{ $scaling.lagSeconds | quote }}
  # No answer is no lag of 0: the count stays as it is.
  ignoreNullValues: "false"
{{- with $scaling.prometheusAuthenticationRef.name }}
authenticationRef: { name: {{ . | quote }} }
{{- end }}
{{- else }}
type: metrics-api
metadata:
  # KEDA asks the pods behind it one by one, by the port that is named here.
  url: http://{{ include "ackline.fullname" .root }}-processor-ops.{{ .root.Release.Namespace }}.svc:9464/metrics
  format: prometheus
  valueLocation: {{ .metric }}
  aggregateFromKubeServiceEndpoints: "true"
  aggregationType: max
  targetValue: {{ $scaling.lagSeconds | quote }}
{{- end }}
{{- end }}
