// QR codes before the camera, read by the browser or, where it cannot, by a decoder that is loaded then.

import { Timer } from "./timer.js";

const LOOK_MS = 250;
// A code stays before the camera for a while: it is told once, and again when it was away for this long.
const AWAY_MS = 3_000;
// More would only cost time: a code that fills a third of the picture has five pixels for each module.
const WIDTH = 1280;

// Tells `seen(text)` of each code, one after the other.
export class Camera {
  #video;
  #seen;
  #detector = null;
  #looking = new Timer(() => this.#look());
  #last = { text: null, at: 0 };

  constructor(video, seen) {
    [this.#video, this.#seen] = [video, seen];
  }

  get on() {
    return Boolean(this.#video.srcObject);
  }

  // Returns why it cannot, by the name of a text; nothing if it can.
  async start() {
    try {
      this.#detector ??= await detector();
    } catch {
      return "camera-not-loaded";
    }
    try {
      this.#video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: WIDTH } } });
      this.#video.hidden = false;
      await this.#video.play();
    } catch {
      this.stop();
      return "camera-refused";
    }
    this.#looking.set(LOOK_MS);
  }

  stop() {
    this.#looking.stop();
    for (const track of this.#video.srcObject?.getTracks() ?? []) track.stop();
    this.#video.srcObject = null;
    this.#video.hidden = true;
  }

  async #look() {
    const [code] = await this.#detector.detect(this.#video).catch(() => []);
    if (code && this.#isNew(code.rawValue)) await this.#seen(code.rawValue);
    if (this.on) this.#looking.set(LOOK_MS);
  }

  #isNew(text) {
    const now = performance.now();
    const fresh = text !== this.#last.text || now - this.#last.at > AWAY_MS;
    this.#last = { text, at: now };
    return fresh;
  }
}

// Needs no picture that leaves the device: both read what the camera shows here.
async function detector() {
  const formats = "BarcodeDetector" in window ? await BarcodeDetector.getSupportedFormats() : [];
  const { BarcodeDetector: Detector } = formats.includes("qr_code") ? window : await import("./qr/decode.js");
  return new Detector({ formats: ["qr_code"] });
}
