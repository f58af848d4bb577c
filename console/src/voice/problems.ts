/** What a person reads while a call goes on and something of it is missing. */
export const DROPPED = "The connection dropped; coming back …";
export const ANOTHER_MICROPHONE = "The microphone was unplugged. Another one hears you now.";
export const NO_MICROPHONE = "The microphone was unplugged, and there is no other. Connect one, or type instead; the call goes on.";
export const NO_SPEAKER = "The chosen loudspeaker is not connected, so the sound comes out where the system plays it.";
