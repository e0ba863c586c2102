import { QueryClientProvider, useQuery } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { useState } from 'react';
import { problemOf } from '../api/call-error.ts';
import { createQueryClient } from '../api/query-client.ts';
import { callerQuery } from '../api/session.ts';
import { ProblemBox } from '../components/problem-box.tsx';
import { ToastProvider } from '../components/toast.tsx';
import { createAppRouter } from './router.tsx';
import { SignIn } from './sign-in.tsx';

export function App() {
  const [queryClient] = useState(createQueryClient);
  return (
    <QueryClientProvider client={queryClient}>
      <ToastProvider>
        <Gate />
      </ToastProvider>
    </QueryClientProvider>
  );
}

/** The pages, for who is known; else the page for signing in. */
function Gate() {
  const [router] = useState(createAppRouter);
  const { data, error, refetch } = useQuery(callerQuery);
  if (data !== undefined) return <RouterProvider router={router} />;
  if (error === null) return null; // a moment
  if (problemOf(error).status === 401) return <SignIn />;
  return (
    <main className="page page-alone">
      <title>Ackline</title>
      <h1>Ackline</h1>
      <ProblemBox error={error} onRetry={() => void refetch()} />
    </main>
  );
}
