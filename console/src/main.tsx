import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Toaster } from "sonner";
import { key } from "@/api/key";
import { KeyGate } from "@/app/KeyGate";
import { queries } from "@/app/queries";
import { router } from "@/app/router";
import { applyTheme } from "@/app/theme";
import "@/theme.css";

applyTheme();
key.takeFromAddress();

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
