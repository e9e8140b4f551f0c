// A link that shows the same comparison in another way is another page to the browser: the focus would be at its top.

const comparison = ({ origin, pathname }) => origin + pathname.replace(/\/compare\b.*/, "/compare");

/** Who comes from the same comparison goes on in what is compared. */
export function arriveAt(element) {
  const isFromHere = document.referrer && comparison(new URL(document.referrer)) === comparison(location);
  if (isFromHere && document.activeElement === document.body) element?.focus({ preventScroll: true });
}
