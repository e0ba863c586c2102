{{/* What would show the console to whom it is not for, or its tokens to who listens. */}}
{{- define "ackline.check.console" -}}
{{- $ingress := .Values.console.ingress }}
{{- range .Values.console.env }}
{{- if and (eq .name "CONSOLE_OIDC_CLIENT_SECRET") (hasKey . "value") }}
console.env gives CONSOLE_OIDC_CLIENT_SECRET by its value, which everybody who may read the Deployment sees: put it into a Secret, and give it by valueFrom.secretKeyRef, or mount it by secrets and name it in CONSOLE_OIDC_CLIENT_SECRET_FILE.
{{- end }}
{{- if eq .name "CONSOLE_OIDC_ISSUER" }}
{{- if not (include "ackline.consolePublicUrl" $) }}
console.env sets CONSOLE_OIDC_ISSUER, whose provider sends people back to where they open the console: set console.publicUrl, or a host of console.ingress.
{{- end }}
{{- if and $.Values.networkPolicy.enabled (not $.Values.networkPolicy.extraEgress) }}
networkPolicy.extraEgress is empty, so that the console can not ask CONSOLE_OIDC_ISSUER: add where it is, as [{ ports: [{ port: 443 }], to: [{ ipBlock: { cidr: … } }] }].
{{- end }}
{{- end }}
{{- end }}
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
