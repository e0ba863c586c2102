{{/* Where handlers come from, and whether they fit. Whether a module can be loaded shows when it is run. */}}
{{- define "ackline.check.handlers" -}}
{{- $values := .Values.processor.handlers }}
{{- if and $values.existingClaim $values.configMap }}
processor.handlers.existingClaim and processor.handlers.configMap are both set: take one of them away.
{{- end }}
{{- range include "ackline.handlers" . | fromYamlArray }}
{{- if and .module (not (hasPrefix "/" (toString .module))) }}
destination {{ .name }} has the module {{ .module }}, which is looked for beside ackline.yaml in /etc/ackline/config, where handlers can not be: name it by its whole path, such as {{ $values.mountPath }}/{{ base (toString .module) }}.
{{- end }}
{{- end }}
{{- $bytes := include "ackline.handlerMemory" . | int64 }}
{{- $memory := dig "limits" "memory" "" .Values.processor.resources }}
{{- if and (gt $bytes 0) $memory }}
{{- $wanted := add $bytes 671088640 }}
{{- $limit := include "ackline.bytes" $memory | int64 }}
{{- if and (gt $limit 0) (lt $limit $wanted) }}
The processes of handlers may take {{ div $bytes 1048576 }}Mi in each processor, which needs 640Mi beside them, but processor.resources.limits.memory is {{ $memory }}: raise it to {{ div (add $wanted 1048575) 1048576 }}Mi or more, or lower threads or memory of the handlers.
{{- end }}
{{- end }}
{{- end }}
