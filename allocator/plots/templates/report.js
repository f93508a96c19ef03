(async function () {
  const refuse = () => Promise.reject(new Error("This page loads nothing."));
  for (const script of document.querySelectorAll("script[data-chart]")) {
    const place = document.getElementById(script.dataset.chart);
    const options = { mode: "vega-lite", actions: false, renderer: "svg", loader: { load: refuse } };
    try {
      await vegaEmbed(place, JSON.parse(script.textContent), options);
    } catch (error) {
      place.textContent = "This chart could not be drawn: " + error.message;
    }
    await new Promise((next) => setTimeout(next, 0));
  }
  const weeks = () => document.querySelectorAll("details.week:not([open])");
  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = [...weeks()];
    opened.forEach((week) => { week.open = true; });
  });
  window.addEventListener("afterprint", () => {
    opened.forEach((week) => { week.open = false; });
  });
})();
