// The forms of many threads: out of the page until their thread is near the window, is gone to or is opened. What was
// said stays, so that it is found and read as before.
const NEAR_PX = 1000;
const PARTS = ".thread-foot, .msg-acts, .sugg > form";

const kept = new WeakMap(); // a part -> what was in it

const near = new IntersectionObserver((entries) => {
  for (const { target: thread, isIntersecting } of entries) if (isIntersecting && thread.open) formsPut(thread);
}, { rootMargin: `${NEAR_PX}px` });

/** Takes the forms out of a thread that nobody writes in. */
export function formsTake(thread) {
  for (const part of thread.querySelectorAll(PARTS)) {
    const inside = document.createDocumentFragment();
    inside.append(...part.childNodes);
    kept.set(part, inside);
  }
  thread.dataset.bare = "";
  near.observe(thread);
}

export function formsPut(thread) {
  near.unobserve(thread);
  delete thread.dataset.bare;
  for (const part of thread.querySelectorAll(PARTS)) {
    part.append(kept.get(part) ?? "");
    kept.delete(part);
  }
}

const bareOf = (event) => event.target.closest?.(".thread[data-bare]");

document.addEventListener("focusin", (event) => {
  const thread = bareOf(event);
  if (thread?.open) formsPut(thread);
});

// Also told of one that comes into the page open.
document.addEventListener("toggle", (event) => {
  const thread = bareOf(event);
  if (!thread?.open) return;
  near.unobserve(thread);
  near.observe(thread);
}, { capture: true });
