{{- define "ackline.check.network" -}}
{{- $monitoring := .Values.monitoring }}
{{- $scaling := .Values.processor.autoscaling }}
{{- if and $monitoring.podMonitor.enabled $monitoring.serviceMonitor.enabled }}
monitoring.podMonitor and monitoring.serviceMonitor are both enabled, and every figure would be counted twice: disable one of them.
{{- end }}
{{- if and .Values.networkPolicy.enabled (not .Values.networkPolicy.operationsFrom) }}
{{- if or $monitoring.podMonitor.enabled $monitoring.serviceMonitor.enabled }}
networkPolicy.operationsFrom is empty, so that Prometheus can not read the metrics that monitoring promises it: add its namespace, as [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: monitoring } } }].
{{- end }}
{{- if and (eq $scaling.mode "keda") (not $scaling.prometheusAddress) }}
networkPolicy.operationsFrom is empty, so that KEDA can not ask the processors for their lag: add its namespace, as [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: keda } } }], or set processor.autoscaling.prometheusAddress.
{{- end }}
{{- end }}
{{- end }}
