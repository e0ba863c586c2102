{{/* What would show the console to whom it is not for, or its tokens to who listens. */}}
{{- define "ackline.check.console" -}}
{{- $ingress := .Values.console.ingress }}
{{- if and $ingress.enabled (not .Values.console.enabled) }}
console.ingress is enabled, but no console: set console.enabled to true, or disable console.ingress.
{{- end }}
{{- if and $ingress.enabled .Values.console.enabled }}
{{- if not $ingress.hosts }}
console.ingress.hosts is empty: name the host that operators call.
{{- end }}
{{- if not (or $ingress.tls $ingress.tlsInFront) }}
console.ingress.tls is empty, so that tokens and payloads cross the network in the clear: name a certificate, or say with console.ingress.tlsInFront: true that TLS ends in front of the Ingress or by its controller's own certificate.
{{- end }}
{{- $webhooks := concat (ternary .Values.expose.ingress.hosts (list) .Values.expose.ingress.enabled) (ternary .Values.expose.httpRoute.hostnames (list) .Values.expose.httpRoute.enabled) }}
{{- range $host := $ingress.hosts }}
{{- if has $host $webhooks }}
console.ingress.hosts has {{ $host }}, which providers call too, and one of both would hide the other: give the console a host of its own.
{{- end }}
{{- end }}
{{- if and .Values.networkPolicy.enabled (not .Values.networkPolicy.consoleFrom) }}
networkPolicy.consoleFrom is empty, so that your ingress controller can not reach the console: add its namespace, as [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: gateways } } }].
{{- end }}
{{- end }}
{{- end }}
