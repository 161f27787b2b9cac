// A question (<details data-dialog>) unfolds without this. Here it opens as a dialog instead, on the same element.
document.addEventListener("click", (event) => {
  const summary = event.target.closest("details[data-dialog] > summary");
  if (!summary) return;
  event.preventDefault();
  ask(summary.parentElement);
});

function ask(details) {
  const question = details.querySelector("[data-question]");
  const dialog = document.createElement("dialog");
  dialog.className = "ds-dialog";
  dialog.setAttribute("aria-labelledby", question.getAttribute("aria-labelledby"));
  dialog.append(question);
  details.after(dialog);
  const close = question.querySelector("[data-close]");
  close.hidden = false;
  close.addEventListener("click", () => dialog.close(), { once: true });
  dialog.addEventListener("close", () => {
    close.hidden = true;
    details.append(question);
    dialog.remove();
    details.querySelector("summary").focus();
  });
  dialog.showModal();
  // Never on the button that cannot be undone: a stray Enter must not press it.
  (question.querySelector(".field :is(input, select, textarea)") ?? close).focus();
}
