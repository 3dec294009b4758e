import { chromium } from "playwright-core";

// Without the flags about the network, a browser first of all talks to its maker.
export const launch = (executablePath, more = []) => chromium.launch({
  executablePath,
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ...more,
  ],
});

// A page that may ask its own server although what it shows did not come from there. Who has signed the server's certificate
// is of no concern to it.
export const open = async browser => {
  const page = await browser.newPage({ ignoreHTTPSErrors: true });
  await page.context().grantPermissions(["local-network-access"]);
  return page;
};
