"""Summary measures of inequality between areas or groups: values, gradients, and corrections for noise."""
