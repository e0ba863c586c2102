/** More than an event of any of our providers has; what is larger is parked and not transformed. */
export const MAX_TRANSFORMABLE_BYTES = 1_048_576;
/** Of the result. */
export const MAX_TRANSFORMED_BYTES = 1_048_576;
/** Of the text of an expression: more is a program, and belongs to the receiver. */
export const MAX_EXPRESSION_LENGTH = 8_192;
