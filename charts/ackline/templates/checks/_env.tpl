{{/* A variable that the chart sets is not set beside it: the later one would win, and the chart's sums would be of the other. */}}
{{- define "ackline.check.env" -}}
{{- $owners := include "ackline.variableOwners" . | fromYaml }}
{{- $common := list }}
{{- range .Values.env }}{{ $common = append $common .name }}{{ end }}
{{- if ne (len $common) (len (uniq $common)) }}
env has a variable twice: the later one would win, and server-side apply refuses it. Take one of them away.
{{- end }}
{{- range $list, $env := dict "env" .Values.env "console.env" .Values.console.env "ingress.env" .Values.ingress.env "migrations.env" .Values.migrations.env "processor.env" .Values.processor.env }}
{{- $names := list }}
{{- range $variable := $env }}
{{- with get $owners $variable.name }}
{{ $list }} sets {{ $variable.name }}, which the chart sets: take it away there, and change {{ . }}.
{{- end }}
{{- /* Of the migration, the one of its own values counts. */}}
{{- if and (has $list (list "console.env" "ingress.env" "processor.env")) (has $variable.name (concat $common $names)) }}
{{ $list }} sets {{ $variable.name }}, which {{ ternary "env" $list (has $variable.name $common) }} has too: the later one would win, and server-side apply refuses it. Take one of them away.
{{- end }}
{{- $names = append $names $variable.name }}
{{- end }}
{{- end }}
{{- end }}

{{- define "ackline.variableOwners" -}}
ACKLINE_CONFIG: config
ACKLINE_ENV: nothing (the chart is for production)
DATABASE_URL: database.existingSecret
DATABASE_POOL_MAX: processor.databasePool
KAFKA_BROKERS: kafka.brokers
KAFKA_DURABILITY: kafka.durability
KAFKA_TLS: kafka.tls.enabled
KAFKA_TLS_CA_FILE: kafka.tls.caSecret
KAFKA_TLS_CERT_FILE: kafka.tls.certSecret
KAFKA_TLS_KEY_FILE: kafka.tls.certSecret
KAFKA_SASL_MECHANISM: kafka.sasl.mechanism
KAFKA_SASL_USERNAME: kafka.sasl.username
KAFKA_SASL_PASSWORD: kafka.sasl.passwordSecret
REDIS_URL: redis.existingSecret
LOG_LEVEL: logLevel
DRAIN_WAIT_MS: ingress.drainWaitSeconds
INGRESS_PROCESSES: ingress.processes
WEBHOOK_WORKERS: processor.workers
WEBHOOK_MAX_CONNECTIONS: ingress.maxConnections
WEBHOOK_MAX_REQUESTS_PER_MINUTE: ingress.maxRequestsPerMinute
CIRCUIT_BREAKER_THRESHOLD: ingress.breakerThreshold
CIRCUIT_BREAKER_TIMEOUT: ingress.breakerTimeoutSeconds
SPOOL_DIR: ingress.spool
SPOOL_DURABILITY: ingress.spool
SPOOL_MAX_BYTES: ingress.spool.maxBytes
SPOOL_MAX_AGE: ingress.spool.maxAge
OTEL_EXPORTER_OTLP_ENDPOINT: otel.endpoint
OTEL_EXPORTER_OTLP_HEADERS: otel.headersSecret
OTEL_TRACES_SAMPLER_ARG: otel.samplerArg
PORT: nothing (the port is 8080)
CONSOLE_HOST: console.host
CONSOLE_PUBLIC_URL: console.publicUrl
CONSOLE_PORT: nothing (the port is 8081)
CONSOLE_INGRESS_URL: nothing (it is the ingress Service)
OPS_PORT: nothing (the port is 9464)
{{- end }}
