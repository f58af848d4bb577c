import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// In development the page comes from here and everything else from a running server: `vivavoce serve`.
const server = "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react(), tailwindcss()],
  resolve: { alias: { "@": new URL("./src", import.meta.url).pathname } },
  build: {
    outDir: "../src/vivavoce/console/assets",
    emptyOutDir: true,
    // Worklets are loaded by their address, which a strict content security policy allows and a data: address is not.
    assetsInlineLimit: 0,
    // Which files a page needs: the server tells the browser of them before the first script runs.
    manifest: "manifest.json",
    target: "es2022",
    rolldownOptions: {
      // Icons and hooks that several pages share would otherwise be a file each, of a few hundred bytes.
      output: { codeSplitting: { groups: [{ name: "parts", test: /lucide-react|@tanstack[\\/]react-query/ }] } },
    },
  },
  server: {
    proxy: Object.fromEntries(
      ["/v1", "/healthz", "/readyz", "/openapi.json"].map((path) => [path, { target: server, ws: true }]),
    ),
  },
});
