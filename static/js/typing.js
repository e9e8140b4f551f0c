/** Do letters go into this element? Then they are no keys of the page. A box or a choice leaves them to it. */
export const isTyping = (target) => Boolean(target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]"));
