// What this browser keeps of a page: values by name, in localStorage or, for the tab, in sessionStorage. Where that is
// off or full, they are kept as long as the page.
export function storeOf(storage) {
  const known = new Map(); // what could not be stored

  return {
    read(name) {
      if (known.has(name)) return known.get(name);
      try {
        return JSON.parse(window[storage].getItem(name));
      } catch {
        return null;
      }
    },
    write(name, value) {
      try {
        window[storage].setItem(name, JSON.stringify(value));
        known.delete(name);
      } catch {
        known.set(name, value);
      }
    },
    drop(name) {
      known.delete(name);
      try {
        window[storage].removeItem(name);
      } catch { /* it is off: there is nothing */ }
    },
    names() {
      try {
        return [...new Set([...Object.keys(window[storage]), ...known.keys()])];
      } catch {
        return [...known.keys()];
      }
    },
  };
}
