// Small drawings: SVG elements with attributes, nothing more.
export function svg(name, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** Return the path through points [x, y]; a null begins it anew. */
export const path = (points) =>
  points
    .map((point, at) =>
      point ? `${at && points[at - 1] ? "L" : "M"}${point[0].toFixed(1)} ${point[1].toFixed(1)}` : "",
    )
    .join("");
