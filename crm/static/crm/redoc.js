// ReDoc shows a logo of its makers from another host; nothing here is loaded from elsewhere.
const isFromHere = (address) => new URL(address, location.href).origin === location.origin;
const { get, set } = Object.getOwnPropertyDescriptor(HTMLImageElement.prototype, "src");
Object.defineProperty(HTMLImageElement.prototype, "src", {
  get,
  set(address) {
    if (isFromHere(address)) set.call(this, address);
  },
});
HTMLImageElement.prototype.setAttribute = function (name, value) {
  if (name !== "src" || isFromHere(value)) Element.prototype.setAttribute.call(this, name, value);
};

const place = document.getElementById("document");
Redoc.init(place.dataset.schema, { nativeScrollbars: true, nonce: place.dataset.nonce }, place);
