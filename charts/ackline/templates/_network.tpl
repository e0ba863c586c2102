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

{{/* Hosts that show the certificates which prove requests, and those of their issuers. Empty where there is no source that may need one. */}}
{{- define "ackline.toCertificates" -}}
{{- $to := .Values.networkPolicy.certificatesTo -}}
{{- $needed := false -}}
{{- range (.Values.config | default dict).sources }}{{ if eq (toString .provider) "paypal" }}{{ $needed = true }}{{ end }}{{ end -}}
{{- if $to }}
{{- include "ackline.toServer" (dict "ports" (list 443 80) "to" $to) }}
{{- else if $needed }}
- ports:
    - { port: 443, protocol: TCP }
    - { port: 80, protocol: TCP }
  to:
    - ipBlock: { cidr: 0.0.0.0/0, except: [10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16] }
    - ipBlock: { cidr: "::/0", except: ["fc00::/7", "fe80::/10"] }
{{- end }}
{{- end }}

{{/* Who may open the console. Nobody by default: it shows payloads to who has a token. */}}
{{- define "ackline.fromConsoleUsers" -}}
{{- with .Values.networkPolicy.consoleFrom }}
- ports:
    - { port: http, protocol: TCP }
  from:
    {{- toYaml . | nindent 4 }}
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
