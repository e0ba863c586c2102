{{/* The environment of the programs: docs/environment.md. */}}

{{/* Of all of them. */}}
{{- define "ackline.commonEnv" -}}
- { name: ACKLINE_ENV, value: production }
- { name: ACKLINE_CONFIG, value: /etc/ackline/config/ackline.yaml }
- { name: LOG_LEVEL, value: {{ .Values.logLevel }} }
- name: DATABASE_URL
  valueFrom:
    secretKeyRef: { name: {{ .Values.database.existingSecret | quote }}, key: {{ .Values.database.key | quote }} }
{{- end }}

{{/* Of a list, the first with each key: items; key. For the Job, which has what several pods have. */}}
{{- define "ackline.firstOfEach" -}}
{{- $seen := list }}
{{- range .items }}
{{- $id := get . $.key }}
{{- if not (has $id $seen) }}
{{- $seen = append $seen $id }}
- {{ toYaml . | nindent 2 | trim }}
{{- end }}
{{- end }}
{{- end }}

{{- define "ackline.tracingEnv" -}}
{{- with .Values.otel }}
{{- if .endpoint }}
- { name: OTEL_EXPORTER_OTLP_ENDPOINT, value: {{ .endpoint | quote }} }
{{- if not (kindIs "invalid" .samplerArg) }}
- { name: OTEL_TRACES_SAMPLER_ARG, value: {{ .samplerArg | quote }} }
{{- end }}
{{- with .headersSecret.name }}
- name: OTEL_EXPORTER_OTLP_HEADERS
  valueFrom:
    secretKeyRef: { name: {{ . | quote }}, key: {{ $.Values.otel.headersSecret.key | quote }} }
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "ackline.ingressEnv" -}}
{{- with .Values.ingress -}}
# As its container has it: a variable of envFrom would move it.
- { name: PORT, value: "8080" }
- { name: DRAIN_WAIT_MS, value: {{ mul .drainWaitSeconds 1000 | quote }} }
{{- if gt (int .processes) 0 }}
- { name: INGRESS_PROCESSES, value: {{ .processes | quote }} }
{{- end }}
{{- range $name, $value := dict "WEBHOOK_MAX_CONNECTIONS" .maxConnections "WEBHOOK_MAX_REQUESTS_PER_MINUTE" .maxRequestsPerMinute "CIRCUIT_BREAKER_THRESHOLD" .breakerThreshold "CIRCUIT_BREAKER_TIMEOUT" .breakerTimeoutSeconds }}
{{- if not (kindIs "invalid" $value) }}
- { name: {{ $name }}, value: {{ $value | int64 | quote }} }
{{- end }}
{{- end }}
{{- end }}
{{- include "ackline.redisEnv" . }}
{{- include "ackline.spoolEnv" . }}
{{- end }}

{{- define "ackline.redisEnv" -}}
{{- with .Values.redis }}
{{- if .existingSecret }}
- name: REDIS_URL
  valueFrom:
    secretKeyRef: { name: {{ .existingSecret | quote }}, key: {{ .key | quote }} }
{{- else if .url }}
- { name: REDIS_URL, value: {{ .url | quote }} }
{{- end }}
{{- end }}
{{- end }}

{{- define "ackline.spoolEnv" -}}
{{- with .Values.ingress.spool }}
{{- if .enabled }}
{{ include "ackline.spoolVariables" (dict "spool" . "durability" (ternary "persistent" "ephemeral" .persistence.enabled)) }}
{{- end }}
{{- end }}
{{- end }}

{{/* spool; durability: of the volume. A volume that is drained has one, whatever the ingress has by now. */}}
{{- define "ackline.spoolVariables" -}}
- { name: SPOOL_DIR, value: /var/lib/ackline/spool/events }
- { name: SPOOL_DURABILITY, value: {{ .durability }} }
- { name: SPOOL_MAX_BYTES, value: {{ .spool.maxBytes | quote }} }
- { name: SPOOL_MAX_AGE, value: {{ .spool.maxAge | quote }} }
{{- end }}

{{- define "ackline.consoleEnv" -}}
# Only the Service and `kubectl port-forward` lead there; each call needs a token.
- { name: CONSOLE_HOST, value: {{ .Values.console.host | quote }} }
- { name: CONSOLE_PORT, value: "8081" }
{{- with include "ackline.consolePublicUrl" . }}
- { name: CONSOLE_PUBLIC_URL, value: {{ . | quote }} }
{{- end }}
# For signed samples.
- { name: CONSOLE_INGRESS_URL, value: {{ printf "http://%s-ingress:%d" (include "ackline.fullname" .) (int .Values.ingress.service.port) | quote }} }
{{- end }}

{{/* Where people open it; empty: the chart does not know. */}}
{{- define "ackline.consolePublicUrl" -}}
{{- with .Values.console -}}
{{- if .publicUrl }}{{ .publicUrl }}{{ else if and .ingress.enabled .ingress.hosts }}https://{{ first .ingress.hosts }}{{ end -}}
{{- end -}}
{{- end }}

{{- define "ackline.processorEnv" -}}
{{- with .Values.processor -}}
- { name: WEBHOOK_WORKERS, value: {{ .workers | quote }} }
- { name: DATABASE_POOL_MAX, value: {{ .databasePool | quote }} }
{{- end }}
{{- if include "ackline.mayHaveHandlers" . }}
{{- include "ackline.redisEnv" . }}
{{- end }}
{{- end }}
