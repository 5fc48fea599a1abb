// Receipts of registrations, kept in this browser: what the operator has signed before the decision. `receipt/<reference>`

const ROOT = "receipt/";
const REST = 20; // What a ticket's id has behind its reference, which names the ticket and opens nothing.

const reference = (ticket) => ticket.slice(0, -REST);

// A browser that keeps nothing is no trouble: the ticket does not depend on it.
export function keepReceipt(ticket, receipt) {
  try {
    if (receipt) localStorage.setItem(ROOT + reference(ticket), JSON.stringify(receipt));
  } catch {
    // Full, or switched off.
  }
}

// Has `part` offer the ticket's receipt as a file; it stays hidden without one.
export function offerReceipt(part, ticket) {
  try {
    const receipt = localStorage.getItem(ROOT + reference(ticket));
    if (!receipt) return;
    const link = part.querySelector("a");
    link.href = URL.createObjectURL(new Blob([receipt, "\n"], { type: "application/json" }));
    link.download = `receipt-${reference(ticket)}.json`;
    part.hidden = false;
  } catch {
    // Switched off.
  }
}
