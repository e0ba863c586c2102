{{- define "ackline.check.connections" -}}
{{- $database := .Values.database }}
{{- $ingress := include "ackline.ingressConnections" . | int }}
{{- $processor := include "ackline.processorConnections" . | int }}
{{- $console := include "ackline.consoleConnections" . | int }}
{{- $wanted := add (include "ackline.podConnections" . | int) (int $database.reservedConnections) }}
{{- if gt $wanted (int $database.maxConnections) }}
PostgreSQL may be asked for {{ $wanted }} connections ({{ $ingress }} by ingress pods, {{ $processor }} by processors and {{ $console }} by consoles at their highest counts in a rollout, {{ $database.reservedConnections }} reserved), and database.maxConnections is {{ $database.maxConnections }}: raise max_connections of the server and then database.maxConnections to {{ $wanted }} or more, or lower the replicas, ingress.processes or processor.databasePool{{ if gt (include "ackline.handlerConnections" . | int) 0 }}, or threads or connections of handlers{{ end }}{{ if $console }}, or set console.enabled to false{{ end }}.
{{- end }}
{{- if gt (add (int .Values.processor.workers) 8) (int .Values.processor.databasePool) }}
processor.workers is {{ .Values.processor.workers }}, and each lane holds a connection while eight are needed beside them, but processor.databasePool is {{ .Values.processor.databasePool }}: raise it to {{ add (int .Values.processor.workers) 8 }} or more.
{{- end }}
{{- end }}
