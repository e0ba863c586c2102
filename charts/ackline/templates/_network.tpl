{{/* Rules of NetworkPolicies. Each is what one arrow of the design needs, and no more. */}}

{{/* Names of servers. A policy sees the port of the pod behind the Service: that is 5353 on OpenShift. */}}
{{- define "ackline.toDns" -}}
- ports:
    - { port: 53, protocol: UDP }
    - { port: 53, protocol: TCP }
    - { port: 5353, protocol: UDP }
    - { port: 5353, protocol: TCP }
{{- end }}

{{/* What users add for all pods. */}}
{{- define "ackline.extraEgress" -}}
{{- with .Values.networkPolicy.extraEgress }}
{{- toYaml . }}
{{- end }}
{{- end }}

{{/* One server on its ports. ports: numbers; to: peers, [] for anywhere. */}}
{{- define "ackline.toServer" -}}
- ports:
    {{- range .ports }}
    - { port: {{ int . }}, protocol: TCP }
    {{- end }}
  {{- with .to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{/* The servers that both services need. */}}
{{- define "ackline.toLogs" -}}
{{- $policy := .Values.networkPolicy -}}
{{- include "ackline.toDns" . }}
{{ include "ackline.toServer" (dict "ports" (list .Values.database.port) "to" $policy.postgresTo) }}
{{- if .Values.kafka.brokers }}
{{- $ports := $policy.kafkaPorts }}
{{- range .Values.kafka.brokers }}{{ $ports = append $ports (regexFind "[0-9]+$" . | int) }}{{ end }}
{{ include "ackline.toServer" (dict "ports" ($ports | uniq) "to" $policy.kafkaTo) }}
{{- end }}
{{- if .Values.otel.endpoint }}
{{- $port := regexFind ":[0-9]+" (trimPrefix "http:" (trimPrefix "https:" .Values.otel.endpoint)) | trimPrefix ":" }}
{{- $default := ternary 443 80 (hasPrefix "https:" .Values.otel.endpoint) }}
{{ include "ackline.toServer" (dict "ports" (list (default $default $port)) "to" $policy.collectorTo) }}
{{- end }}
{{- end }}

{{/* Who may read metrics. The kubelet's probes come from the node, which no policy keeps out. */}}
{{- define "ackline.fromOperations" -}}
{{- with .Values.networkPolicy.operationsFrom }}
- ports:
    - { port: ops, protocol: TCP }
  from:
    {{- toYaml . | nindent 4 }}
{{- end }}
{{- end }}
