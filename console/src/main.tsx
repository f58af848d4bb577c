import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Toaster } from "sonner";
import { ApiError } from "@/api/client";
import { key } from "@/api/key";
import { KeyGate } from "@/app/KeyGate";
import { router } from "@/app/router";
import { applyTheme } from "@/app/theme";
import "@/theme.css";

applyTheme();
key.takeFromAddress();

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // What the client did wrong will be wrong again; a server that is away may come back.
      retry: (failures, error) => failures < 2 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
    },
  },
});

const place = document.getElementById("root");
if (place === null) throw new Error("the page has no #root");
createRoot(place).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <KeyGate>
        <RouterProvider router={router} />
      </KeyGate>
      <Toaster position="bottom-right" closeButton richColors />
    </QueryClientProvider>
  </StrictMode>,
);
