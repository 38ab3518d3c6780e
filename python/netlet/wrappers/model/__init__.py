"""Any netlet model as an estimator of scikit-learn, under the names of `keras.wrappers`."""
