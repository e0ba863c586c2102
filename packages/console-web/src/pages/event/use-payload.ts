import { useQuery } from '@tanstack/react-query';
import { answerOf, client } from '../../api/client.ts';

/** What came. It is fetched when it is asked for, since each look is noted, and forgotten when the page is left. */
export function usePayload(eventId: string, isAsked: boolean) {
  return useQuery({
    queryKey: ['payload', eventId],
    queryFn: ({ signal }) =>
      answerOf(client.GET('/api/v1/events/{id}/payload', { params: { path: { id: eventId } }, signal })),
    enabled: isAsked,
    staleTime: Infinity,
    gcTime: 0,
    retry: false,
  });
}
