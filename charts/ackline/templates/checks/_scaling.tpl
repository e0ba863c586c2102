{{- define "ackline.check.scaling" -}}
{{- $ingress := .Values.ingress }}
{{- $processor := .Values.processor }}
{{- $isScaled := dict "ingress" $ingress.autoscaling.enabled "processor" (ne $processor.autoscaling.mode "none") }}
{{- $onCpu := dict "ingress" $ingress.autoscaling.enabled "processor" (eq $processor.autoscaling.mode "hpa") }}
{{- range $name, $values := dict "ingress" $ingress "processor" $processor }}
{{- $least := $values.replicas | int }}
{{- if get $isScaled $name }}
{{- $least = $values.autoscaling.minReplicas | int }}
{{- if gt $least (int $values.autoscaling.maxReplicas) }}
{{ $name }}.autoscaling.minReplicas is {{ $least }}, more than maxReplicas: raise {{ $name }}.autoscaling.maxReplicas to {{ $least }} or more.
{{- end }}
{{- if and (get $onCpu $name) (not (dig "requests" "cpu" "" $values.resources)) }}
{{ $name }}.autoscaling scales on a part of the requested CPU: set {{ $name }}.resources.requests.cpu.
{{- end }}
{{- end }}
{{- if and $values.pdb.enabled (gt $least 1) (ge (int $values.pdb.maxUnavailable) $least) }}
{{ $name }}.pdb.maxUnavailable is {{ $values.pdb.maxUnavailable }}, and there may be only {{ $least }} pods, so that all can be evicted at once: set it to {{ sub $least 1 }} or less.
{{- end }}
{{- end }}
{{- $most := include "ackline.processorMaxReplicas" . | int }}
{{- if and .Values.kafka.brokers (gt $most (int .Values.kafka.partitions)) }}
processors may be {{ $most }}, but of more than kafka.partitions ({{ .Values.kafka.partitions }}) the rest has nothing to read: lower processor.replicas or processor.autoscaling.maxReplicas, or give the topic more partitions.
{{- end }}
{{- $memory := dig "limits" "memory" "" $ingress.resources }}
{{- /* 0: none, or in a form that Kubernetes knows better. */}}
{{- $bytes := include "ackline.bytes" $memory | int64 }}
{{- if and (gt (int $ingress.processes) 1) (gt $bytes 0) (lt $bytes (mul (int $ingress.processes) 536870912)) }}
ingress.processes is {{ $ingress.processes }}, and each may need 512Mi, but ingress.resources.limits.memory is {{ $memory }}: raise it to {{ mul (int $ingress.processes) 512 }}Mi or more.
{{- end }}
{{- end }}
