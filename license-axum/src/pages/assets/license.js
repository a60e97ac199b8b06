// Drop, paste anywhere, copy buttons and a countdown. Nothing depends on it.
const upload = document.getElementById("upload");
for (const element of document.querySelectorAll(".script")) element.hidden = false;

if (upload) {
  const file = upload.elements.license;
  const text = upload.elements.text;
  const send = () => upload.requestSubmit();
  // One license at a time: of several files the first.
  const take = (files) => {
    const one = new DataTransfer();
    one.items.add(files[0]);
    file.files = one.files;
  };
  const over = (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    upload.classList.toggle("over", event.type === "dragover");
  };
  document.addEventListener("dragover", over);
  document.addEventListener("dragleave", over);
  document.addEventListener("drop", (event) => {
    if (!event.dataTransfer.files.length) return;
    over(event);
    take(event.dataTransfer.files);
    text.value = "";
    send();
  });
  document.addEventListener("paste", (event) => {
    if (event.target.closest("input, textarea, [contenteditable]")) return;
    const files = event.clipboardData.files;
    const pasted = event.clipboardData.getData("text/plain").trim();
    if (files.length) {
      take(files);
      text.value = "";
    } else if (pasted) {
      text.value = pasted;
      file.value = "";
    } else {
      return;
    }
    event.preventDefault();
    send();
  });
  file.addEventListener("change", () => { if (file.files.length) text.value = ""; });
}

for (const button of document.querySelectorAll("[data-copy]")) {
  const label = button.textContent;
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.textContent);
    } catch {
      getSelection().selectAllChildren(source);
      return;
    }
    button.textContent = button.dataset.copied;
    setTimeout(() => { button.textContent = label; }, 2000);
  });
}

for (const element of document.querySelectorAll("[data-until]")) {
  const until = Date.parse(element.dataset.until);
  const two = (number) => String(number).padStart(2, "0");
  const show = () => {
    const left = Math.max(0, Math.floor((until - Date.now()) / 1000));
    const time = `${two(Math.floor(left / 3600))}:${two(Math.floor(left / 60) % 60)}:${two(left % 60)}`;
    element.textContent = element.dataset.text.replace("{time}", time);
    // The page says what holds then.
    if (left === 0) setTimeout(() => location.reload(), 1500);
    else setTimeout(show, 1000);
  };
  if (until > Date.now()) show();
  else element.hidden = true;
}
